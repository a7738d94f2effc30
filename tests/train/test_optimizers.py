"""Our optimizers against Keras's."""

from typing import Any

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.train.optimizers import Optimizer
from tests.support.settings import training_settings

SHAPES = [(3, 4), (5,), ()]


def random_arrays(seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape).astype(np.float32) for shape in SHAPES]


@pytest.mark.parametrize("decay", [0, 0.3])
@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("adam", keras.optimizers.Adam, {}),
        ("adamw", keras.optimizers.AdamW, {}),
        ("sgd", keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_ten_steps_with_changing_rates_are_those_of_keras(
    name: str, kind: Any, options: dict[str, Any], decay: float
) -> None:
    start = random_arrays(seed=0)
    ours, theirs = [*map(tf.Variable, start)], [*map(keras.Variable, start)]
    optimizer = Optimizer(training_settings(optimizer=name, weight_decay=decay), ours)
    oracle = kind(weight_decay=decay, **options)
    for step in range(1, 11):
        gradients = [tf.constant(array) for array in random_arrays(seed=step)]
        optimizer.apply(gradients, tf.constant(0.01 * step))
        oracle.learning_rate = 0.01 * step
        oracle.apply(gradients, theirs)
    for own, other, before in zip(ours, theirs, start, strict=True):
        np.testing.assert_allclose(own.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)
        assert np.abs(own.numpy() - before).max() > 0.01
