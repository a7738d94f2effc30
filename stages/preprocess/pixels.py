"""Mean and deviation of the training images' pixels, for networks that normalise them."""

from collections.abc import Iterable

import numpy as np

from stages.processed import Pixels

VALUES = np.arange(256)


def describe(chunks: Iterable[np.ndarray]) -> Pixels:
    """Return the pixels' mean and standard deviation for each channel.

    *chunks* are the images (n, height, width, channels) uint8, a few at a time. Values are counted,
    so neither the order nor the chunks change a bit of the result.
    """
    counts: np.ndarray = sum(  # type: ignore[assignment]
        np.stack([np.bincount(one.ravel(), minlength=256) for one in np.moveaxis(chunk, -1, 0)])
        for chunk in chunks
    )
    total = counts.sum(axis=1)
    mean = (counts @ VALUES) / total
    variance = (counts * (VALUES - mean[:, None]) ** 2).sum(axis=1) / total
    # A constant channel is not scaled.
    deviation = np.where(variance > 0, np.sqrt(variance), 1)
    return Pixels(mean=mean.tolist(), deviation=deviation.tolist())
