"""The learning rate of each step, and its share in the average of the weights, by hand."""

import numpy as np
import pytest

from stages.train.schedule import averaging_rates, learning_rates


def test_one_cycle_of_four_steps_by_hand() -> None:
    # The steps' middles are at 1/8, 3/8, 5/8 and 7/8. The first is half-way up from 0.1 to 1, the
    # others a sixth, a half and five sixths of the way down, along a cosine, from 1 to 0.002.
    up = 0.1 + 0.9 * 0.5
    down = [0.002 + 0.998 * (1 + cosine) / 2 for cosine in (3**0.5 / 2, 0, -(3**0.5) / 2)]
    rates = learning_rates("one_cycle", 2.0, 4)
    assert rates.dtype == np.float32
    assert rates == pytest.approx([2 * up, *(2 * rate for rate in down)])


def test_one_cycle_rises_for_a_quarter_then_falls_warm_up_stays_and_constant_is_the_same() -> None:
    cycle, warm, constant = (
        learning_rates(schedule, 0.004, 1000) for schedule in ("one_cycle", "warm_up", "constant")
    )
    assert (np.diff(cycle[:250]) > 0).all()
    assert (np.diff(cycle[250:]) < 0).all()
    np.testing.assert_array_equal(warm[:250], cycle[:250])
    np.testing.assert_array_equal(warm[250:], np.full(750, 0.004, np.float32))
    np.testing.assert_array_equal(constant, np.full(1000, 0.004, np.float32))


@pytest.mark.parametrize("schedule", ["constant", "warm_up", "one_cycle"])
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_every_step_of_a_short_training_has_a_rate_above_zero(schedule: str, steps: int) -> None:
    rates = learning_rates(schedule, 0.01, steps)
    assert rates.shape == (steps,)
    assert (rates > 0).all()
    assert (rates <= np.float32(0.01)).all()


def test_average_of_the_weights_keeps_its_momentum_and_forgets_the_first_ones() -> None:
    rates = averaging_rates(0.5, 18)
    assert rates.dtype == np.float32
    # First the weights themselves; polynomial decay would have 4/5 next, 4/6, .., 4/8, then less.
    assert rates == pytest.approx([1, 4 / 5, 4 / 6, 4 / 7] + [1 / 2] * 14)


@pytest.mark.parametrize(
    ("steps", "every"), [(1, 1), (99, 1), (100, 2), (200, 3), (699, 7), (700, 8), (2400, 8)]
)
def test_so_many_steps_count_and_always_the_last(steps: int, every: int) -> None:
    rates = averaging_rates(0.999, steps)
    assert list(np.flatnonzero(rates)) == list(range((steps - 1) % every, steps, every))
    assert rates[-1] > 0
    # Eight steps at once; a training of 200,000 is long enough for nothing else to count.
    assert averaging_rates(0.999, 200_000)[-1] == pytest.approx(1 - 0.999**8)
