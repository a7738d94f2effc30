"""The learning rate of each step, and its share in the average of the weights, by hand."""

import numpy as np
import pytest

from stages.train.schedule import averaging_rates, learning_rates

# Of four steps the middles are at 1/8, 3/8, 5/8 and 7/8. The first is half-way up from 0.1 to 1,
# the others a sixth, a half and five sixths of the way down, along a cosine, from 1 to 0.002.
UP = 0.1 + 0.9 * 0.5
DOWN = [0.002 + 0.998 * (1 + cosine) / 2 for cosine in (3**0.5 / 2, 0, -(3**0.5) / 2)]


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [("one_cycle", [UP, *DOWN]), ("warm_up", [UP, 1, 1, 1]), ("constant", [1, 1, 1, 1])],
)
def test_rates_of_four_steps_by_hand(schedule: str, shares: list[float]) -> None:
    rates = learning_rates(schedule, 2.0, 4)
    assert rates.dtype == np.float32
    assert rates == pytest.approx([2 * share for share in shares])


def test_average_of_the_weights_keeps_its_momentum_and_forgets_the_first_ones() -> None:
    rates = averaging_rates(0.5, 18)
    assert rates.dtype == np.float32
    # First the weights themselves; polynomial decay would have 4/5 next, 4/6, .., 4/8, then less.
    assert rates == pytest.approx([1, 4 / 5, 4 / 6, 4 / 7] + [1 / 2] * 14)
    # Eight steps at once; a training of 200,000 is long enough for nothing else to count.
    assert averaging_rates(0.999, 200_000)[-1] == pytest.approx(1 - 0.999**8)


@pytest.mark.parametrize(("steps", "every"), [(1, 1), (99, 1), (100, 2), (699, 7), (2400, 8)])
def test_so_many_steps_count_and_always_the_last(steps: int, every: int) -> None:
    counting = np.flatnonzero(averaging_rates(0.999, steps))
    assert list(counting) == list(range((steps - 1) % every, steps, every))
