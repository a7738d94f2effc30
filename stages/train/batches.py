"""From images on disk to batches in memory, in an order that depends only on seed and epoch."""

from collections.abc import Iterator

import numpy as np

from stages.common.arrays import gather


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order (count,) in which *epoch* (0, 1, ...) visits the images.

    Each epoch has its own generator, so a resumed run sees the same order as one that was never
    interrupted.
    """
    return np.random.default_rng([seed, epoch]).permutation(count)


def batches(
    images: np.ndarray, labels: np.ndarray, batch_size: int, order: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (images, labels) of *batch_size* in *order*; the last batch has the rest.

    Both may be memory-mapped, so memory does not grow with the data.
    """
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        yield gather(images, chosen), gather(labels, chosen)
