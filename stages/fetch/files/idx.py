"""MNIST's own file format, IDX: http://yann.lecun.com/exdb/mnist/ ("The IDX file format").

Two zero bytes, a type code, the number of dimensions, each dimension's size as a big-endian
uint32, then the values, big-endian too.
"""

import gzip
import math
import re
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np

from stages.common.errors import StageError, one_line
from stages.fetch.images import LabelledImages, Part, labelled

GZIP_MAGIC = b"\x1f\x8b"
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
DIMENSIONS = {"images": (3, 4), "labels": (1,)}
# MNIST's names; `.idx` may replace `-idx`.
NAME = re.compile(r"(train|t10k)-(images|labels)[-.]idx\d-ubyte(\.gz)?")


def is_folder(folder: Path) -> bool:
    """Return whether *folder* has a file with one of MNIST's names."""
    return any(NAME.fullmatch(file.name) for file in folder.iterdir())


def read_folder(folder: Path, scratch: Path) -> LabelledImages:
    """Return the images in *folder*: the training files', then the test files' if there are any.

    They have MNIST's names, compressed or not; compressed files are unpacked in *scratch*.

    Raises:
        StageError: a file is missing or damaged, or does not hold images or a label for each.
    """
    found: dict[tuple[str, str], Path] = {}
    for file in sorted(folder.iterdir()):
        if match := NAME.fullmatch(file.name):
            found.setdefault((match[1], match[2]), file)
    parts = {}
    for prefix, part in (("train", "train"), ("t10k", "test")):
        images, labels = found.get((prefix, "images")), found.get((prefix, "labels"))
        if images and labels:
            arrays = read_file(images, "images", scratch), read_file(labels, "labels", scratch)
            parts[part] = Part(*arrays, f"{images} and {labels.name}")
        elif images or labels or part == "train":
            raise StageError(
                f"{folder}: expected {prefix}-images-idx3-ubyte and {prefix}-labels-idx1-ubyte, "
                "with or without .gz; IDX files must have MNIST's names"
            )
    return labelled(parts, split=len(parts) > 1)


def read_file(path: Path, kind: str, scratch: Path) -> np.ndarray:
    """Return the array of *kind* ``images`` or ``labels`` in the IDX file *path*, memory-mapped.

    A compressed one is unpacked in the folder *scratch*.

    Raises:
        StageError: it is not an IDX file, or its header promises more or less than follows.
    """
    unpacked = _unpacked(path, scratch)
    with unpacked.open("rb") as file:
        start = file.read(4)
        dtype = TYPES.get(start[2]) if len(start) == 4 and start[:2] == b"\0\0" else None  # noqa: PLR2004
        if dtype is None or start[3] not in DIMENSIONS[kind]:
            raise StageError(
                f"{path}: starts with {start.hex(' ') or 'nothing'}; IDX files of images start "
                "with 00 00 08 03, of labels with 00 00 08 01"
            )
        sizes = file.read(4 * start[3]).ljust(4 * start[3], b"\0")
        shape = struct.unpack(f">{start[3]}I", sizes)
        offset = file.tell()
    actual = unpacked.stat().st_size - offset
    promised = math.prod(shape) * np.dtype(dtype).itemsize
    if not 0 < actual == promised:
        raise StageError(
            f"{path}: empty or cut short: its header promises {promised} bytes, {actual} follow"
        )
    return np.memmap(unpacked, dtype, "r", offset, shape)


def _unpacked(path: Path, scratch: Path) -> Path:
    """Return *path*, or its unpacked copy if it is compressed."""
    with path.open("rb") as file:
        if file.read(2) != GZIP_MAGIC:
            return path
    target = scratch / path.stem
    try:
        with gzip.open(path) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StageError(f"{path}: damaged or cut short ({one_line(error)})") from None
    return target
