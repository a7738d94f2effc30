"""The fused normalisation against Keras's, also in bfloat16; test_zoo.py has all stand-ins."""

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.train.layers import FusedBatchNormalization
from tests.support.networks import needs_bfloat16


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
    ("dtype", "tolerance"),
    [
        # Tight enough to tell the biased variance of 384 values from the unbiased one.
        ("float32", 1e-4),
        # bfloat16 keeps 8 bits: half a step is 1/512 of a value.
        pytest.param("mixed_bfloat16", 0.02, marks=needs_bfloat16),
    ],
)
def test_it_trains_and_infers_as_keras_does(dtype: str, tolerance: float) -> None:
    kinds = (FusedBatchNormalization, keras.layers.BatchNormalization)
    for own, other in zip(*(trained(kind(dtype=dtype)) for kind in kinds), strict=True):
        assert np.abs(own - other).max() <= tolerance * np.abs(other).max()
