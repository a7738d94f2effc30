"""MNIST's own file format, IDX: http://yann.lecun.com/exdb/mnist/ ("The IDX file format").

Two zero bytes, a type code, the number of dimensions, each dimension's size as a big-endian
uint32, then the values.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from stages.common.errors import StageError, one_line
from stages.fetch.images import PIXELS, SIDE, LabelledImages, checked, joined

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTES = 0x08


def read_folder(folder: Path) -> LabelledImages:
    """Return the images in *folder*: the training files', then the test files' if there are any.

    The names are MNIST's: ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
    ``t10k-images-idx3-ubyte``, ``t10k-labels-idx1-ubyte``, with ``.idx`` for ``-idx`` if you
    like, compressed (``.gz``) or not.

    Raises:
        StageError: a file is missing, damaged, or holds other than 28 x 28 images of unsigned
            bytes with a label from 0 to 9 for each.
    """
    parts = [_read_part(folder, "train")]
    if _find(folder, "t10k-images", 3) or _find(folder, "t10k-labels", 1):
        parts.append(_read_part(folder, "t10k"))
    return joined(parts)


def _read_part(folder: Path, part: str) -> LabelledImages:
    """Return the images and labels whose files' names start with *part*."""
    images = _found(folder, f"{part}-images", 3)
    labels = _found(folder, f"{part}-labels", 1)
    pixels = read_items(images, (SIDE, SIDE)).reshape(-1, PIXELS)
    return checked(pixels, read_items(labels, ()), f"{images} and {labels.name}")


def _find(folder: Path, name: str, dimensions: int) -> Path | None:
    """Return the file of that name in *folder*, in the first of its spellings."""
    for spelling in (f"{name}-idx{dimensions}-ubyte", f"{name}.idx{dimensions}-ubyte"):
        for file in (folder / spelling, folder / f"{spelling}.gz"):
            if file.is_file():
                return file
    return None


def _found(folder: Path, name: str, dimensions: int) -> Path:
    file = _find(folder, name, dimensions)
    if file is None:
        raise StageError(f"{folder}: no file {name}-idx{dimensions}-ubyte, with .gz or without")
    return file


def read_items(path: Path, item_shape: tuple[int, ...]) -> np.ndarray:
    """Return the values in the IDX file *path*, compressed or not, as uint8 ``(n, *item_shape)``.

    Raises:
        StageError: not such a file, or a header that promises more or less than is there.
    """
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise StageError(f"{path}: damaged or cut short ({one_line(error)})") from None
    start = 4 + 4 * (1 + len(item_shape))
    count = _count(content[:start], item_shape, path)
    actual, promised = len(content) - start, count * math.prod(item_shape)
    if actual < promised:
        raise StageError(f"{path}: cut short: {actual} of the {promised} bytes its header promises")
    if actual > promised:
        raise StageError(f"{path}: more bytes than the {promised} its header promises")
    return np.frombuffer(content, np.uint8, offset=start).reshape(count, *item_shape)


def _count(header: bytes, item_shape: tuple[int, ...], path: Path) -> int:
    """Return the number of items that *header* promises, everything else in it checked."""
    dimensions = 1 + len(item_shape)
    if len(header) < 4 + 4 * dimensions:
        raise StageError(f"{path}: cut short: {len(header)} bytes are no whole IDX header")
    if header[:2] != b"\0\0":
        raise StageError(
            f"{path}: not an IDX file: it starts with {header[:2].hex(' ')}, not 00 00"
        )
    if header[2] != UNSIGNED_BYTES:
        raise StageError(f"{path}: values of type 0x{header[2]:02x}; expected 0x08, unsigned bytes")
    if header[3] != dimensions:
        raise StageError(f"{path}: {header[3]} dimensions; expected {dimensions}")
    count, *shape = struct.unpack(f">{dimensions}I", header[4:])
    if tuple(shape) != item_shape:
        raise StageError(f"{path}: images of {shape[0]} x {shape[1]} pixels; expected 28 x 28")
    return int(count)
