"""Images resized to one size: `data.size`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps

from stages.fetch.images import GREY, LabelledImages


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """Return an *image* (height, width, channels) uint8 as a square of *size* pixels.

    Its aspect ratio is kept, and the rest is black.
    """
    # Pillow wants grey images without a channel axis.
    picture = Image.fromarray(image[..., 0] if image.shape[2] == GREY else image)
    # https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.pad
    square = ImageOps.pad(picture, (size, size), Image.Resampling.BICUBIC)
    return np.atleast_3d(np.asarray(square))


def all_resized(data: LabelledImages, size: int) -> LabelledImages:
    """Return *data* with every image as a square of *size* pixels."""

    def chunks() -> Iterator[np.ndarray]:
        for chunk in data.chunks():
            yield np.stack([resized(image, size) for image in chunk])

    return replace(data, chunks=chunks, image=(size, size, data.image[2]))
