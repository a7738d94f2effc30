"""What the training images' pixels are like, for networks that want them of one scale."""

from collections.abc import Iterable

import numpy as np

from stages.processed import Pixels

VALUES = np.arange(256)


def describe(chunks: Iterable[np.ndarray]) -> Pixels:
    """Return the pixels' mean and standard deviation for each channel.

    *chunks* are the images (n, height, width, channels) uint8, some at a time. How often each
    value occurs is counted, so that neither the order nor the chunks decide a bit of the result.
    """
    counts: np.ndarray = sum(_count(chunk) for chunk in chunks)  # type: ignore[assignment]
    total = counts.sum(axis=1)
    mean = (counts @ VALUES) / total
    variance = (counts * (VALUES - mean[:, None]) ** 2).sum(axis=1) / total
    # Of a channel that never varies nothing is to be scaled.
    deviation = np.where(variance > 0, np.sqrt(variance), 1)
    return Pixels(mean=mean.tolist(), deviation=deviation.tolist())


def _count(images: np.ndarray) -> np.ndarray:
    """Return how often each channel has each value: (channels, 256) int64."""
    channels = range(images.shape[-1])
    return np.stack([np.bincount(images[..., i].ravel(), minlength=256) for i in channels])
