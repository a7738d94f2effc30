"""Images brought to one size: `data.size`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps

from stages.fetch.images import LabelledImages


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """Return an *image* (height, width) or (height, width, 3) uint8 as a square of *size* pixels.

    Its aspect is kept, and the rest is black.
    """
    # https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.pad
    return np.asarray(ImageOps.pad(Image.fromarray(image), (size, size), Image.Resampling.BICUBIC))


def all_resized(data: LabelledImages, size: int) -> LabelledImages:
    """Return *data* with every image as a square of *size* pixels."""
    height, width, channels = data.image
    if (height, width) == (size, size):
        return data
    image = (size, size, channels)
    # Pillow wants the one channel of grey images left out.
    inner = (height, width) if channels == 1 else data.image

    def chunks() -> Iterator[np.ndarray]:
        for chunk in data.chunks():
            yield np.stack([resized(one.reshape(inner), size) for one in chunk]).reshape(-1, *image)

    return replace(data, chunks=chunks, image=image)
