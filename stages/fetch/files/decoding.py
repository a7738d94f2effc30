"""The pixels of one image file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from stages.common.errors import StageError, one_line

FORMATS = {"PNG": [".png"], "JPEG": [".jpg", ".jpeg"], "WEBP": [".webp"], "BMP": [".bmp"]}
SUFFIXES = {suffix for suffixes in FORMATS.values() for suffix in suffixes}
# What is seen behind the transparent parts of an image.
BEHIND = "white"
Source = Path | IO[bytes]


def opened(source: Source, name: object) -> Image.Image:
    """Return the image in *source*, with its pixels not read yet; *name* is for errors.

    Raises:
        StageError: it is not in one of our formats, or is animated.
    """
    with decoding(name):
        image = Image.open(source, formats=list(FORMATS))
        # A camera's JPEG may also hold a preview; only the first picture counts.
        animated = image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1
    if animated:
        image.close()
        raise StageError(f"{name}: animated; keep one image of it")
    return image


def read(source: Source, name: object, mode: str) -> np.ndarray:
    """Return the pixels of an image, upright and without transparency, uint8.

    Their shape is (height, width, 1) for the *mode* ``L`` (grey), (height, width, 3) for ``RGB``.

    Raises:
        StageError: it is not an image, or is damaged.
    """
    with opened(source, name) as image, decoding(name):
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "I;16":
            # Pillow would clip every value above 255.
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        if upright.has_transparency_data:
            behind = Image.new("RGBA", upright.size, BEHIND)
            upright = Image.alpha_composite(behind, upright.convert("RGBA"))
        return np.atleast_3d(np.asarray(upright.convert(mode)))


@contextmanager
def decoding(name: object) -> Iterator[None]:
    """Name the image in the error if it cannot be read or decoded."""
    try:
        yield
    except UnidentifiedImageError:
        raise StageError(f"{name}: damaged, or not a PNG, JPEG, WebP or BMP file") from None
    except Image.DecompressionBombError:
        raise StageError(f"{name}: far too many pixels; make it smaller first") from None
    # Each format's decoder has its own errors; those of the system have a `strerror`.
    except Exception as error:
        if reason := getattr(error, "strerror", None):
            raise StageError(f"{name}: cannot be read ({reason})") from None
        raise StageError(f"{name}: damaged or cut short ({one_line(error)})") from None
