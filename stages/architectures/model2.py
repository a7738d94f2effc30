"""Batch normalisation after each convolution and one small dense layer: 109,674 parameters."""

from collections.abc import Sequence

import keras
from keras import layers

FILTERS = (32, 64)
DENSE = (32,)


def connect(
    x: keras.KerasTensor, filters: Sequence[int] = FILTERS, dense: Sequence[int] = DENSE
) -> keras.KerasTensor:
    """Return the probabilities (n, 10) of the digits in the images *x* (n, 28, 28, 1)."""
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
    return layers.Dense(10, activation="softmax", name="digits")(x)
