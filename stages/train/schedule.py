"""What changes from step to step: the learning rate, and the share of a step in the average."""

import math

import numpy as np

WARM_UP = 0.25
START, END = 0.1, 0.002
AVERAGED_EVERY = 8


def learning_rates(schedule: str, peak: float, steps: int) -> np.ndarray:
    """Return the learning rate of every step (steps,) as float32.

    ``constant`` is *peak* throughout. The others rise along a cosine from a tenth of *peak* over
    the first quarter; ``warm_up`` then stays there, ``one_cycle`` falls along a cosine to a
    five-hundredth of it (Smith and Topin, https://arxiv.org/abs/1708.07120).
    """
    if schedule == "constant":
        return np.full(steps, peak, np.float32)
    progress = (np.arange(steps) + 0.5) / steps
    rising = np.interp(progress, [0, WARM_UP], [0, math.pi])
    falling = np.interp(progress, [WARM_UP, 1], [0, math.pi])
    up = START + (1 - START) * (1 - np.cos(rising)) / 2
    down = 1 if schedule == "warm_up" else END + (1 - END) * (1 + np.cos(falling)) / 2
    rates: np.ndarray = (peak * np.where(progress < WARM_UP, up, down)).astype(np.float32)
    return rates


def averaging_rates(momentum: float, steps: int) -> np.ndarray:
    """Return how far each step (steps,) moves the average of the weights towards them, as float32.

    With average += rate * (weights - average) that is the exponential average which keeps
    *momentum* of itself at each step, divided by what its shares come to: as Adam corrects its
    moments, so that the weights before the first step do not count. All but every eighth rate are
    0, since an average costs as much memory traffic as Adam does.
    """
    rates = np.zeros(steps, np.float32)
    kept = momentum**AVERAGED_EVERY
    times = np.arange(1, len(rates[::AVERAGED_EVERY]) + 1)
    rates[::AVERAGED_EVERY] = (1 - kept) / (1 - kept**times)
    return rates
