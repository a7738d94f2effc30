"""The layers that stand in for Keras's own while training, against those."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.train.layers import BiasSummedApart, FusedBatchNormalization, PoolingThenReLU
from tests.support.networks import needs_bfloat16

NORM = (FusedBatchNormalization, keras.layers.BatchNormalization)
CONV = (BiasSummedApart, keras.layers.Conv2D)


def rectified_then_pooled(pool_size: int) -> keras.layers.Layer:
    return keras.Sequential([keras.layers.ReLU(), keras.layers.MaxPooling2D(pool_size)])


def trained(layer: keras.layers.Layer) -> list[np.ndarray]:
    """Return what *layer* gives and leaves in two steps of training and one of inference.

    That is what comes out, the gradients at the inputs and the weights, and the weights after.
    """
    generator = np.random.default_rng(0)
    batches = generator.normal(0.5, 2, (3, 6, 8, 8, 5)).astype(np.float32)
    layer.build(batches.shape[1:])
    for variable in layer.weights:
        variable.assign(generator.uniform(0.5, 2, variable.shape))
    found = []
    for x in map(tf.constant, batches[:2]):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = tf.cast(layer(x, training=True), tf.float32)
            # Weighted, since the sum of normalised values has no gradient.
            factors = tf.sin(100 * tf.range(tf.size(outputs), dtype=tf.float32))
            loss = tf.tensordot(tf.reshape(outputs, [-1]), factors, 1)
        weights = [variable.value for variable in layer.trainable_weights]
        found += [outputs, *tape.gradient(loss, [x, *weights])]
    found += [layer(batches[2], training=False), *(variable.value for variable in layer.weights)]
    return [tf.cast(value, tf.float32).numpy() for value in found]


@pytest.mark.parametrize(
    ("kinds", "options", "tolerance"),
    [
        # Tight enough to tell the biased variance of 384 values from the unbiased one.
        (NORM, {"momentum": 0.9}, 1e-4),
        # bfloat16 keeps 8 bits: half a step is 1/512 of a value.
        pytest.param(NORM, {"dtype": "mixed_bfloat16"}, 0.02, marks=needs_bfloat16),
        ((PoolingThenReLU, rectified_then_pooled), {"pool_size": 2}, 0),
        (CONV, {"filters": 10, "kernel_size": 3, "strides": 2, "groups": 5}, 1e-4),
    ],
)
def test_each_trains_and_infers_as_keras_does(
    kinds: tuple[Callable[..., Any], ...], options: dict[str, Any], tolerance: float
) -> None:
    for own, other in zip(*(trained(kind(**options)) for kind in kinds), strict=True):
        assert np.abs(own - other).max() <= tolerance * np.abs(other).max()
