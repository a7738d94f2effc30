"""Our Adam against Keras's and against a step worked by hand."""

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.train.adam import Adam

SHAPES = [(3, 4), (5,), ()]


def variables(seed: int) -> list[tf.Variable]:
    generator = np.random.default_rng(seed)
    return [tf.Variable(generator.normal(size=shape).astype(np.float32)) for shape in SHAPES]


def gradients(step: int) -> list[tf.Tensor]:
    generator = np.random.default_rng([1, step])
    return [tf.constant(generator.normal(size=shape).astype(np.float32)) for shape in SHAPES]


def test_ten_steps_with_changing_rates_are_those_of_keras() -> None:
    ours, start = variables(seed=0), variables(seed=0)
    theirs = [keras.Variable(variable.numpy()) for variable in start]
    adam, oracle = Adam(ours), keras.optimizers.Adam()
    for step in range(10):
        rate = 0.01 * (step + 1)
        adam.apply(gradients(step), tf.constant(rate))
        oracle.learning_rate = rate
        oracle.apply(gradients(step), theirs)
    for own, other, before in zip(ours, theirs, start, strict=True):
        np.testing.assert_allclose(own.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)
        assert np.abs(own.numpy() - before.numpy()).max() > 0.01


@pytest.mark.parametrize("gradient", [3.0, -0.2])
def test_first_step_is_nearly_as_long_as_the_learning_rate(gradient: float) -> None:
    weight = tf.Variable(1.0)
    Adam([weight]).apply([tf.constant(gradient)], tf.constant(0.1))
    # Mean 0.1 g and square 0.001 g^2, corrected by 1 / 0.1 and by the root of 1 / 0.001: the
    # step is rate * g / (|g| + epsilon / sqrt(0.001)).
    step = 0.1 * gradient / (abs(gradient) + 1e-7 / 0.001**0.5)
    assert weight.numpy() == pytest.approx(1 - step, abs=2e-7)
