"""Batch normalisation in one kernel, against Keras's own layer."""

from typing import Any

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.train.layers import FusedBatchNormalization

CHANNELS = 5


def images(seed: int) -> np.ndarray:
    """Return what a convolution with ReLU may give: (6, 7, 7, 5), none negative."""
    values = np.random.default_rng(seed).normal(0.5, 2, (6, 7, 7, CHANNELS))
    return np.maximum(values, 0).astype(np.float32)


def layer(kind: Any, dtype: str = "float32") -> keras.layers.Layer:
    """Return a layer of *kind* with random weights and statistics, the same for every kind."""
    built = kind(momentum=0.9, epsilon=0.001, dtype=dtype)
    built.build((None, None, None, CHANNELS))
    generator = np.random.default_rng(0)
    for variable in built.weights:
        variable.assign(generator.uniform(0.5, 2, CHANNELS))
    return built


def trained(kind: Any, dtype: str = "float32") -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return outputs and gradients of a step of training, and the statistics after three."""
    norm, x = layer(kind, dtype), tf.constant(images(0))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = norm(x, training=True)
        # Weighted, since the sum of normalised values has no gradient.
        loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * tf.sin(100 * x))
    gradients = tape.gradient(loss, [x, norm.gamma.value, norm.beta.value])
    for seed in (1, 2):
        norm(images(seed), training=True)
    statistics = [norm.moving_mean.numpy(), norm.moving_variance.numpy()]
    return [tf.cast(value, tf.float32).numpy() for value in (outputs, *gradients)], statistics


KINDS = (FusedBatchNormalization, keras.layers.BatchNormalization)


def test_training_gives_the_outputs_and_gradients_of_keras() -> None:
    for own, other in zip(*(trained(kind)[0] for kind in KINDS), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-4)


def test_training_moves_the_statistics_as_keras_does() -> None:
    (own_mean, own_variance), (mean, variance) = (trained(kind)[1] for kind in KINDS)
    np.testing.assert_allclose(own_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(own_variance, variance, rtol=1e-5)


def test_variance_kept_is_the_biased_one() -> None:
    norm = FusedBatchNormalization(momentum=0)
    norm(np.array([1, 3], np.float32).reshape(2, 1, 1, 1), training=True)
    # Mean 2; squared distances 1 and 1, divided by 2 and not by 2 - 1.
    assert norm.moving_mean.numpy() == pytest.approx([2])
    assert norm.moving_variance.numpy() == pytest.approx([1])


def test_inference_gives_the_outputs_of_keras_and_leaves_the_statistics() -> None:
    own, other = (layer(kind) for kind in KINDS)
    before = [variable.numpy() for variable in own.weights]
    np.testing.assert_allclose(own(images(3)), other(images(3)), rtol=1e-5, atol=1e-5)
    for variable, value in zip(own.weights, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_bfloat16_gives_nearly_the_same_with_float32_weights() -> None:
    values, statistics = trained(FusedBatchNormalization, "mixed_bfloat16")
    exact_values, exact_statistics = trained(keras.layers.BatchNormalization)
    norm = layer(FusedBatchNormalization, "mixed_bfloat16")
    assert norm(images(0), training=True).dtype == tf.bfloat16
    assert {variable.dtype for variable in norm.weights} == {"float32"}
    # bfloat16 keeps 8 bits: half a step is 1/512 of a value.
    for own, exact in zip([*values, *statistics], [*exact_values, *exact_statistics], strict=True):
        assert np.abs(own - exact).max() < 0.02 * np.abs(exact).max()
