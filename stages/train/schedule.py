"""What changes with each step: the learning rate, and the rate of the weight average."""

import math

import numpy as np

WARM_UP = 0.25
START, END = 0.1, 0.002
AVERAGED_EVERY = 8
# With fewer steps, every one counts.
SHORT = 100


def learning_rates(schedule: str, peak: float, steps: int) -> np.ndarray:
    """Return the learning rate of every step (steps,) as float32.

    ``constant`` is *peak* throughout. The others rise along a cosine from a tenth of *peak* to
    *peak* over the first quarter; ``warm_up`` then stays there, ``one_cycle`` falls along a cosine
    to a five-hundredth of it (Smith and Topin, https://arxiv.org/abs/1708.07120).
    """
    if schedule == "constant":
        return np.full(steps, peak, np.float32)
    progress = (np.arange(steps) + 0.5) / steps
    rising = np.interp(progress, [0, WARM_UP], [0, math.pi])
    falling = np.interp(progress, [WARM_UP, 1], [0, math.pi])
    up = START + (1 - START) * (1 - np.cos(rising)) / 2
    down = 1 if schedule == "warm_up" else END + (1 - END) * (1 + np.cos(falling)) / 2
    return (peak * np.where(progress < WARM_UP, up, down)).astype(np.float32)


def averaging_rates(momentum: float, steps: int) -> np.ndarray:
    """Return how far each step (steps,) moves the average towards the weights, as float32.

    With average += rate * (weights - average) this is the exponential average that keeps
    *momentum* of itself at each step. In the first steps it is the average with polynomial decay,
    which forgets the first weights (Shamir and Zhang,
    https://proceedings.mlr.press/v28/shamir13.html, with η = 3). Averaging costs as much memory
    traffic as Adam, so with 100 steps or more only every second step counts, with 200 every third,
    with 700 every eighth, and always the last; the other rates are 0.
    """
    every = min(AVERAGED_EVERY, 1 + steps // SHORT)
    rates = np.zeros(steps, np.float32)
    averaged = np.arange((steps - 1) % every, steps, every)
    times = np.arange(1, len(averaged) + 1)
    rates[averaged] = np.maximum(1 - momentum**every, 4 / (times + 3))
    return rates
