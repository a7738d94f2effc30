"""The pixels of one image file."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ExifTags, Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from stages.common.errors import StageError, one_line
from stages.fetch.files.resizing import Size, padded

FORMATS = {
    "PNG": [".png"],
    "JPEG": [".jpg", ".jpeg", ".jpe", ".jfif"],
    "WEBP": [".webp"],
    "BMP": [".bmp"],
    "GIF": [".gif"],
    "TIFF": [".tif", ".tiff"],
    "AVIF": [".avif"],
    "PPM": [".ppm", ".pgm", ".pbm", ".pnm"],
}
READABLE = "PNG, JPEG, WebP, BMP, GIF, TIFF, AVIF or PPM"
# What phones write, and Pillow does not read by itself.
HEIC = {".heic", ".heif"}
SUFFIXES = {suffix for suffixes in FORMATS.values() for suffix in suffixes} | HEIC
SIXTEEN_BITS = ("I;16", "I;16B")
# Two tags of TIFF: https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html#tiff
BITS, PHOTOMETRIC = 258, 262
# The EXIF orientations that swap width and height.
ORIENTATION, QUARTERS = ExifTags.Base.Orientation, range(5, 9)
GREY_MODES = ("1", "L", "LA", "I", *SIXTEEN_BITS)
# Pillow itself stops at 1 MiB, which the colour profile of a printer exceeds.
LONGEST_TEXT = 64 * 2**20
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = LONGEST_TEXT
# What is seen behind the transparent parts of an image.
BEHIND = "white"
Source = Path | IO[bytes]


def opened(source: Source, name: object) -> Image.Image:
    """Return the image in *source*, with its pixels not read yet; *name* is for errors.

    Raises:
        StageError: it is not in one of our formats, or has several frames or pages.
    """
    if Path(str(name)).suffix.lower() in HEIC:
        raise StageError(f"{name}: HEIC is not read; save it as JPEG: `magick mogrify -format jpg`")
    with decoding(name):
        image = Image.open(source, formats=list(FORMATS))
        if image.format == "TIFF" and isinstance(source, Path):
            # Where Pillow maps the file into memory, it mixes up the sides of one that is turned.
            image.close()
            image = Image.open(io.BytesIO(source.read_bytes()), formats=["TIFF"])
        # A camera's JPEG may also hold a preview; only the first picture counts.
        several = image.format != "MPO" and getattr(image, "n_frames", 1) > 1
    if several:
        image.close()
        kind = "several pages" if image.format == "TIFF" else "animated"
        raise StageError(f"{name}: {kind}; keep one image of it")
    return image


def read(source: Source, name: object, mode: str, size: Size | None = None) -> np.ndarray:
    """Return the pixels of an image, upright and without transparency, uint8.

    Their shape is (height, width, 1) for the *mode* ``L`` (grey), (height, width, 3) for ``RGB``.
    With *size* they are resized to that (height, width).

    Raises:
        StageError: it is not an image, or is damaged.
    """
    with opened(source, name) as image, decoding(name):
        reduced = _reduced(image, size) if size else image
        # In doing so, Pillow turns a TIFF by itself.
        reduced.load()
        upright = ImageOps.exif_transpose(reduced)
        # Pillow would clip every value above 255.
        if upright.mode in SIXTEEN_BITS or (upright.mode == "I" and image.format == "PPM"):
            tags = getattr(image, "tag_v2", {})
            bits, zero_is_white = tags.get(BITS, (16,))[0], tags.get(PHOTOMETRIC) == 0
            values = (np.asarray(upright) >> (bits - 8)).astype(np.uint8)
            upright = Image.fromarray(255 - values if zero_is_white else values)
        elif upright.mode in ("I", "F"):
            raise StageError(f"{name}: pixels with a sign or with 32 bits; save it with 8")
        if upright.has_transparency_data:
            behind = Image.new("RGBA", upright.size, BEHIND)
            upright = Image.alpha_composite(behind, upright.convert("RGBA"))
        picture = upright if upright.mode == mode else upright.convert(mode)
        return np.atleast_3d(np.asarray(padded(picture, size) if size else picture))


def _reduced(image: Image.Image, size: Size) -> Image.Image:
    """Return a large JPEG as it is decoded at a half, a quarter or an eighth, resized to *size*.

    That is quicker by far. At twice the size or more, the pixels are off by one or two, on average.
    Any other image is returned as it is.
    """
    width, height = image.size
    sides = size if image.getexif().get(ORIENTATION) in QUARTERS else size[::-1]
    drafted = image.draft(None, (2 * max(size), 2 * max(size))) if image.format == "JPEG" else None
    if not drafted or image.size == (width, height):
        return image
    # As `ImageOps.contain` computes it, which would start from rounded sides.
    share = min(sides[0] / width, sides[1] / height)
    inner = max(1, round(width * share)), max(1, round(height * share))
    return image.resize(inner, Image.Resampling.BICUBIC, box=drafted[1])


@contextmanager
def decoding(name: object) -> Iterator[None]:
    """Name the image in the error if it cannot be read or decoded."""
    try:
        yield
    except UnidentifiedImageError:
        raise StageError(f"{name}: damaged, or not a {READABLE} file") from None
    except Image.DecompressionBombError:
        raise StageError(f"{name}: far too many pixels; make it smaller first") from None
    except StageError:
        raise
    # Each format's decoder has its own errors; those of the system have a `strerror`.
    except Exception as error:
        told = f"damaged or cut short ({one_line(error)})"
        if "MAX_TEXT" in str(error):
            told = f"a text or colour profile above {LONGEST_TEXT // 2**20} MiB; save it without"
        elif reason := getattr(error, "strerror", None):
            told = f"cannot be read ({reason})"
        raise StageError(f"{name}: {told}") from None
