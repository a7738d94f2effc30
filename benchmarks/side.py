"""What several sides share. Imports neither TensorFlow nor PyTorch."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DATA = Path("data/processed")
# The notebook's batch size for each model.
BATCH_SIZES = {"model1": 2000, "model2": 1000, "model3": 2000}
MODELS = tuple(BATCH_SIZES)
WARM_UP = 5
STEPS = 20


def time_steps(step: Callable[[slice], object], images: int, batch_size: int) -> dict[str, Any]:
    """Return the times of some training steps, in microseconds per image, after a warm-up.

    *step* trains on one batch, given as a slice of all *images*.
    """
    times = []
    for number in range(WARM_UP + STEPS):
        first = number * batch_size % (images - batch_size + 1)
        start = time.perf_counter()
        step(slice(first, first + batch_size))
        times.append((time.perf_counter() - start) * 1e6 / batch_size)
    return {
        "batch_size": batch_size,
        "steps": STEPS,
        "microseconds_per_image": statistics.median(times[WARM_UP:]),
        "microseconds_per_image_min": min(times[WARM_UP:]),
    }
