"""Our Adam against Keras's."""

import numpy as np

from stages.backend import keras, tf
from stages.train.adam import Adam

SHAPES = [(3, 4), (5,), ()]


def random_arrays(seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape).astype(np.float32) for shape in SHAPES]


def test_ten_steps_with_changing_rates_are_those_of_keras() -> None:
    start = random_arrays(seed=0)
    ours, theirs = [*map(tf.Variable, start)], [*map(keras.Variable, start)]
    adam, oracle = Adam(ours), keras.optimizers.Adam()
    for step in range(1, 11):
        gradients = [tf.constant(array) for array in random_arrays(seed=step)]
        adam.apply(gradients, tf.constant(0.01 * step))
        oracle.learning_rate = 0.01 * step
        oracle.apply(gradients, theirs)
    for own, other, before in zip(ours, theirs, start, strict=True):
        np.testing.assert_allclose(own.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)
        assert np.abs(own.numpy() - before).max() > 0.01
