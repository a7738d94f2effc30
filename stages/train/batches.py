"""From images on disk to batches in memory, in an order that depends only on seed and epoch."""

from collections.abc import Iterator

import numpy as np

from stages.common.arrays import gather
from stages.processed import Images
from stages.settings import TrainingSettings


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order (count,) in which *epoch* (0, 1, ...) visits the images.

    Each epoch has its own generator, so a resumed run sees the same order as one that was never
    interrupted.
    """
    return np.random.default_rng([seed, epoch]).permutation(count)


def augmentation_seed(seed: int, epoch: int, step: int) -> np.ndarray:
    """Return the seed (2,) int32 of one batch's random changes."""
    return np.random.SeedSequence([seed, epoch, step]).generate_state(2).view(np.int32)


def batches(
    training: Images, settings: TrainingSettings, epoch: int, order: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield images and labels in *order*, with their augmentation's seed; the last has the rest.

    Both may be memory-mapped, so memory does not grow with the data.
    """
    images, labels = training
    for step, start in enumerate(range(0, len(order), settings.batch_size)):
        chosen = order[start : start + settings.batch_size]
        seed = augmentation_seed(settings.seed, epoch, step)
        yield gather(images, chosen), gather(labels, chosen), seed
