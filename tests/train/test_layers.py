"""The layers that stand in for Keras's own while training, against those."""

from typing import Any

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.train.layers import BiasSummedApart, FusedBatchNormalization, PoolingThenReLU
from tests.support.networks import needs_bfloat16

CHANNELS = 5
KINDS = (FusedBatchNormalization, keras.layers.BatchNormalization)


def images(seed: int) -> np.ndarray:
    """Return what a convolution may give: (6, 8, 8, 5)."""
    values = np.random.default_rng(seed).normal(0.5, 2, (6, 8, 8, CHANNELS))
    return values.astype(np.float32)


def norm(kind: Any, dtype: str = "float32") -> keras.layers.Layer:
    """Return a layer of *kind* with random weights and statistics, the same for every kind."""
    built = kind(momentum=0.9, epsilon=0.001, dtype=dtype)
    built.build((None, None, None, CHANNELS))
    generator = np.random.default_rng(0)
    for variable in built.weights:
        variable.assign(generator.uniform(0.5, 2, CHANNELS))
    return built


def outputs_and_gradients(layer: Any, *weights: Any) -> list[np.ndarray]:
    """Return what a step of training gives, and its gradients at the inputs and *weights*."""
    x = tf.constant(images(0))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x)
        # Weighted, since the sum of normalised values has no gradient.
        factors = tf.sin(100 * tf.range(tf.size(outputs), dtype=tf.float32))
        loss = tf.tensordot(tf.reshape(tf.cast(outputs, tf.float32), [-1]), factors, 1)
    found = [outputs, *tape.gradient(loss, [x, *weights])]
    return [tf.cast(value, tf.float32).numpy() for value in found]


def trained(kind: Any, dtype: str = "float32") -> list[np.ndarray]:
    """Return outputs and gradients of a step of training, and the statistics after three."""
    layer = norm(kind, dtype)
    found = outputs_and_gradients(
        lambda x: layer(x, training=True), layer.gamma.value, layer.beta.value
    )
    for seed in (1, 2):
        layer(images(seed), training=True)
    return [*found, layer.moving_mean.numpy(), layer.moving_variance.numpy()]


def test_fused_normalisation_trains_as_keras_does() -> None:
    for own, other in zip(*map(trained, KINDS), strict=True):
        # Tight enough to tell the biased variance of 384 values from the unbiased one.
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-4)


def test_fused_normalisation_infers_as_keras_does_and_leaves_the_statistics() -> None:
    own, other, same = norm(KINDS[0]), norm(KINDS[1]), norm(KINDS[0])
    np.testing.assert_allclose(own(images(3)), other(images(3)), rtol=1e-5, atol=1e-5)
    for variable, before in zip(own.weights, same.weights, strict=True):
        np.testing.assert_array_equal(variable.numpy(), before.numpy())


@needs_bfloat16
def test_fused_normalisation_in_bfloat16_gives_nearly_the_same_with_float32_weights() -> None:
    layer = norm(FusedBatchNormalization, "mixed_bfloat16")
    assert layer(images(0), training=True).dtype == tf.bfloat16
    assert {variable.dtype for variable in layer.weights} == {"float32"}
    # bfloat16 keeps 8 bits: half a step is 1/512 of a value.
    for own, exact in zip(
        trained(FusedBatchNormalization, "mixed_bfloat16"), trained(KINDS[1]), strict=True
    ):
        assert np.abs(own - exact).max() < 0.02 * np.abs(exact).max()


def test_rectifying_after_pooling_gives_what_rectifying_before_it_does() -> None:
    late, early = PoolingThenReLU((2, 2)), keras.layers.MaxPooling2D((2, 2))
    own = outputs_and_gradients(late)
    for value, expected in zip(
        own, outputs_and_gradients(lambda x: early(tf.nn.relu(x))), strict=True
    ):
        np.testing.assert_array_equal(value, expected)
    assert 0 < (own[0] == 0).mean() < 0.1


@pytest.mark.parametrize("options", [{}, {"padding": "same", "strides": 2}, {"groups": 5}])
def test_convolution_with_its_bias_apart_trains_as_keras_does(options: dict[str, Any]) -> None:
    results = []
    for kind in (BiasSummedApart, keras.layers.Conv2D):
        layer = kind(10, 3, activation="relu", **options)
        layer.build((None, None, None, CHANNELS))
        generator = np.random.default_rng(0)
        for variable in layer.weights:
            variable.assign(generator.normal(0, 0.2, variable.shape))
        weights = [variable.value for variable in layer.weights]
        results.append(outputs_and_gradients(layer, *weights))
    assert len(results[0]) == 4
    for own, other in zip(*results, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-4)
