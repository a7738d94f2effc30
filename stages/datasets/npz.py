"""Numpy's archive format, ``.npz``: a zip of ``.npy`` files, read without trusting their headers.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import io
import math
import warnings
import zipfile
from pathlib import Path

import numpy as np

from stages.datasets.archives import (
    check_plausible,
    damage_told,
    open_member,
    read_at_most,
)
from stages.datasets.convert import to_labels, to_pixels
from stages.datasets.images import LabelledImages, checked, joined
from stages.errors import StageError, one_line

# Pairs of names for images and labels. The last layout is that of Keras's mnist.npz.
LAYOUTS = (
    (("images", "labels"),),
    (("x", "y"),),
    (("x_train", "y_train"), ("x_test", "y_test")),
)
# Numpy refuses a longer header; the magic and the length stand before it.
HEADER_LIMIT = 10_000 + 12


def read(path: Path) -> LabelledImages:
    """Return the images and labels in the ``.npz`` file *path*.

    The arrays are named ``images`` and ``labels``, or ``x`` and ``y``, or ``x_train``,
    ``y_train``, ``x_test``, ``y_test``: training images first, then test images.

    Raises:
        StageError: no such arrays, damage, pickled objects, a header that lies about what
            follows, or values that are no images or labels.
    """
    with damage_told(str(path)), zipfile.ZipFile(path) as archive:
        parts = [
            checked(
                to_pixels(_read_array(archive, images), f"{path}: {images}"),
                to_labels(_read_array(archive, labels), f"{path}: {labels}"),
                f"{path}: {images} and {labels}",
            )
            for images, labels in _layout(archive.namelist(), path)
        ]
    return joined(parts)


def _layout(files: list[str], path: Path) -> list[tuple[str, str]]:
    """Return the pairs of arrays' names that the archive's *files* hold."""
    names = {file.removesuffix(".npy") for file in files if file.endswith(".npy")}
    for pairs in LAYOUTS:
        if names.issuperset(pairs[0]):
            # A test half that lacks its other half is an error later, not left out in silence.
            return [pair for pair in pairs if names.intersection(pair)]
    layouts = "; ".join(", ".join(name for pair in pairs for name in pair) for pairs in LAYOUTS)
    found = ", ".join(sorted(names)) or "none"
    raise StageError(f"{path}: expected arrays named {layouts}; found {found}")


def _read_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """Return one array of *archive*; its size is checked before there is memory for it."""
    where = f"{archive.filename}: {name}"
    file = f"{name}.npy"
    if file not in archive.namelist():
        raise StageError(f"{where}: this array is missing")
    with open_member(archive, file) as member:
        shape, fortran, dtype, start = _header(read_at_most(member, HEADER_LIMIT), where)
    if dtype.hasobject:
        raise StageError(f"{where}: pickled objects are not read; save it as an array of numbers")
    promised = start + math.prod(shape) * dtype.itemsize
    info = archive.getinfo(file)
    if info.file_size != promised:
        raise StageError(
            f"{where}: its header promises {shape} of {dtype}, {promised} bytes;"
            f" the archive has {info.file_size}"
        )
    check_plausible(promised, Path(str(archive.filename)).stat().st_size, where)
    with open_member(archive, file) as member:
        content = read_at_most(member, promised)
    values = np.frombuffer(content, dtype, offset=start)
    return values.reshape(shape, order="F" if fortran else "C")


def _header(head: bytes, where: str) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Return what a ``.npy`` file's *head* says: shape, Fortran order, type, length of header."""
    stream = io.BytesIO(head)
    try:
        with warnings.catch_warnings():
            # Numpy warns of headers written by Python 2, which it reads all the same.
            warnings.simplefilter("ignore")
            if np.lib.format.read_magic(stream) == (1, 0):
                header = np.lib.format.read_array_header_1_0(stream)
            else:
                header = np.lib.format.read_array_header_2_0(stream)
    # Numpy hands the text to Python's own parser, which raises many kinds of error.
    except Exception as error:
        raise StageError(f"{where}: its .npy header cannot be read ({one_line(error)})") from None
    return (*header, stream.tell())
