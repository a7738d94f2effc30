"""Numpy's archive format, ``.npz``: a zip of ``.npy`` files.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import io
import zipfile
from pathlib import Path

import numpy as np

from stages.common.errors import StageError, one_line
from stages.fetch.images import LabelledImages, joined, labelled

# Names for images and labels; the last two pairs are those of Keras's mnist.npz.
PAIRS = (("images", "labels"), ("x", "y"), ("x_train", "y_train"), ("x_test", "y_test"))


def read(path: Path) -> LabelledImages:
    """Return the images and labels in the ``.npz`` file *path*.

    The arrays are named ``images`` and ``labels``, or ``x`` and ``y``, or ``x_train``,
    ``y_train``, ``x_test``, ``y_test``: training images first, then test images.

    Raises:
        StageError: no such arrays, damage, pickled objects, or values that are no images or labels.
    """
    arrays = _arrays(path)
    parts = []
    for pair in PAIRS:
        found = [name for name in pair if name in arrays]
        # Half a pair is not left out in silence.
        if len(found) == 1:
            raise StageError(f"{path}: found {found[0]} alone; expected {' and '.join(pair)}")
        if found:
            images, labels = (arrays[name] for name in pair)
            parts.append(labelled(images, labels, f"{path}: {' and '.join(pair)}"))
    if not parts:
        names = "; ".join(", ".join(pair) for pair in PAIRS)
        raise StageError(f"{path}: expected arrays named {names}; found {', '.join(arrays)}")
    return joined(parts)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays in the file by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            # Each is read whole, so that the zip's checksum covers its header too.
            members = {name: io.BytesIO(archive.read(name)) for name in archive.namelist()}
        return {
            name.removesuffix(".npy"): np.load(member, allow_pickle=False)
            for name, member in members.items()
        }
    # Damage meets zipfile, zlib, numpy and Python's own parser; each has its errors.
    except Exception as error:
        reason = one_line(error)
        if "pickle" in reason:
            reason = "pickled objects are not read; save arrays of numbers"
        raise StageError(f"{path}: cannot be read as .npz: {reason}") from None
