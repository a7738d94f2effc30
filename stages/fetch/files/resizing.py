"""Images resized to one size: `data.size`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps

from stages.fetch.images import GREY, LabelledImages

Size = tuple[int, int]


def padded(picture: Image.Image, size: Size) -> Image.Image:
    """Return a *picture* with the *size* (height, width).

    Its aspect ratio is kept, and the rest is black.
    """
    # https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.pad
    return ImageOps.pad(picture, size[::-1], Image.Resampling.BICUBIC)


def resized(image: np.ndarray, size: Size) -> np.ndarray:
    """Return an *image* (height, width, channels) uint8 with the *size* (height, width)."""
    # Pillow wants grey images without a channel axis.
    picture = Image.fromarray(image[..., 0] if image.shape[2] == GREY else image)
    return np.atleast_3d(np.asarray(padded(picture, size)))


def all_resized(data: LabelledImages, size: Size) -> LabelledImages:
    """Return *data* with every image in this *size* (height, width)."""

    def chunks() -> Iterator[np.ndarray]:
        for chunk in data.chunks():
            yield np.stack([resized(image, size) for image in chunk])

    return replace(data, chunks=chunks, image=(*size, data.image[2]))
