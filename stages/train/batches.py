"""From images on disk to batches in memory, in an order that (seed, epoch) alone decide."""

import mmap
from collections.abc import Iterator

import numpy as np

GATHERED = 100  # rows


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order (count,) in which *epoch* (0, 1, ...) visits the images.

    Each epoch has a generator of its own, so that a run that goes on after a stop sees the
    same order as one that never stopped.
    """
    return np.random.default_rng([seed, epoch]).permutation(count)


def batches(
    images: np.ndarray, labels: np.ndarray, batch_size: int, order: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (images, labels) of *batch_size* in *order*, the last one with what is left.

    Both may be memory-mapped: memory does not grow with the data.
    """
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        yield gather(images, chosen), gather(labels, chosen)


def gather(array: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the *chosen* rows of an *array* that may be memory-mapped, as an array in memory.

    A few rows at a time: for each one that is read the system brings in the pages around it too,
    64 KiB on Linux, which for a whole batch of scattered images is a hundred megabytes.
    """
    rows = np.empty((len(chosen), *array.shape[1:]), array.dtype)
    for start in range(0, len(chosen), GATHERED):
        few = slice(start, start + GATHERED)
        rows[few] = array[chosen[few]]
        release(array)
    return rows


def release(array: np.ndarray) -> None:
    """Let the system drop the pages of a memory-mapped *array* from this process."""
    mapped = getattr(array, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
