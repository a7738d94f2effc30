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
from stages.fetch.images import LabelledImages, joined, labelled

GZIP_MAGIC = b"\x1f\x8b"
# The first four bytes: unsigned bytes (0x08) in three dimensions, or in one.
IMAGES, LABELS = b"\0\0\x08\3", b"\0\0\x08\1"


def read_folder(folder: Path) -> LabelledImages:
    """Return the images in *folder*: the training files', then the test files' if there are any.

    The names are MNIST's: ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
    ``t10k-images-idx3-ubyte``, ``t10k-labels-idx1-ubyte``, with ``.idx`` for ``-idx`` if you
    like, compressed (``.gz``) or not.

    Raises:
        StageError: a file is missing, damaged, or holds other than 28 x 28 images of unsigned
            bytes with a label from 0 to 9 for each.
    """
    parts = []
    for part in ("train", "t10k"):
        names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        files = {name: file for name in names if (file := _find(folder, name))}
        if part == "t10k" and not files:
            break
        for name in names:
            if name not in files:
                raise StageError(
                    f"{folder}: no file {name}, with .gz or without;"
                    " data.path is a folder of IDX files named as MNIST's, or an .npz file"
                )
        images, labels = files.values()
        where = f"{images} and {labels.name}"
        parts.append(labelled(read_file(images), read_file(labels), where))
    return joined(parts)


def _find(folder: Path, name: str) -> Path | None:
    """Return the file of that name in *folder*, in the first of its spellings."""
    spellings = [name + end for name in (name, name.replace("-idx", ".idx")) for end in ("", ".gz")]
    return next((folder / name for name in spellings if (folder / name).is_file()), None)


def read_file(path: Path) -> np.ndarray:
    """Return the array in the IDX file *path*, compressed or not.

    Raises:
        StageError: not such a file, or a header that promises more or less than is there.
    """
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise StageError(f"{path}: damaged or cut short ({one_line(error)})") from None
    if content[:4] not in (IMAGES, LABELS):
        raise StageError(
            f"{path}: starts with {content[:4].hex(' ') or 'nothing'}; IDX files of images start"
            f" with {IMAGES.hex(' ')}, of labels with {LABELS.hex(' ')}"
        )
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start].ljust(start - 4, b"\0"))
    actual, promised = len(content[start:]), math.prod(shape)
    if not 0 < actual == promised:
        raise StageError(
            f"{path}: empty or cut short: its header promises {promised} bytes, {actual} follow"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
