"""Batch normalisation after each convolution, one small dense layer: 109,674 parameters (MNIST)."""

from collections.abc import Sequence

import keras
from keras import layers

FILTERS = (32, 64)
DENSE = (32,)


def connect(
    x: keras.KerasTensor, filters: Sequence[int], dense: Sequence[int], classes: int
) -> keras.KerasTensor:
    """Return the probabilities (n, *classes*) for the images *x* (n, height, width, channels)."""
    first, second = filters
    x = layers.Conv2D(first, (3, 3), padding="same", activation="relu", name="conv_1")(x)
    x = layers.BatchNormalization(name="norm_1")(x)
    x = layers.MaxPooling2D((2, 2), name="pool_1")(x)
    x = layers.Conv2D(second, (2, 2), padding="same", activation="relu", name="conv_2")(x)
    x = layers.BatchNormalization(name="norm_2")(x)
    x = layers.MaxPooling2D((2, 2), name="pool_2")(x)
    x = layers.Flatten(name="flatten")(x)
    for number, units in enumerate(dense, start=1):
        x = layers.Dense(units, activation="relu", name=f"dense_{number}")(x)
    return layers.Dense(classes, activation="softmax", name="probabilities")(x)
