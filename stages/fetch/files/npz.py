"""NumPy's archive format, ``.npz``: a zip of ``.npy`` files.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import errno
import zipfile
from pathlib import Path

import numpy as np

from stages import raw
from stages.common.errors import StageError, one_line
from stages.common.files import not_written
from stages.fetch.images import LabelledImages, Part, labelled

# The names of images and labels: all together, or one part each as in Keras's files.
PAIRS = {
    "together": ("images", "labels"),
    "in short": ("x", "y"),
    "train": ("x_train", "y_train"),
    "validation": ("x_val", "y_val"),
    "test": ("x_test", "y_test"),
}


def read(path: Path, scratch: Path) -> LabelledImages:
    """Return the images and labels in the ``.npz`` file *path*, unpacked in the folder *scratch*.

    The arrays are named ``images`` and ``labels``, or ``x`` and ``y``, or after the parts of the
    data's own split: ``x_train`` and ``y_train``, ``x_val`` and ``y_val``, ``x_test`` and
    ``y_test``.

    Raises:
        StageError: there are no such arrays, the file is damaged, has pickled objects, or values
            that are not images or labels.
    """
    names, arrays = [], {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                names.append(name := member.removesuffix(".npy"))
                if any(name in pair for pair in PAIRS.values()):
                    # Extracted completely, so that the zip's checksum covers the header too.
                    unpacked = archive.extract(member, scratch)
                    arrays[name] = np.load(unpacked, mmap_mode="r", allow_pickle=False)
    # A damaged file may fail in zipfile, zlib, NumPy or Python's parser, each with its own errors.
    except Exception as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise not_written(scratch, error) from error
        reason = one_line(error)
        if "Python object" in reason or "pickle" in reason:
            reason = "pickled objects are not read; save arrays of numbers or words"
        raise StageError(f"{path}: cannot be read as .npz: {reason}") from None
    parts = {}
    for part, pair in PAIRS.items():
        found = [name for name in pair if name in arrays]
        # Half a pair must not be ignored silently.
        if len(found) == 1:
            raise StageError(f"{path}: found {found[0]} alone; expected {' and '.join(pair)}")
        if found:
            images, labels = (arrays[name] for name in pair)
            parts[part] = Part(images, labels, f"{path}: {' and '.join(pair)}")
    if not parts:
        ours = "; ".join(", ".join(pair) for pair in PAIRS.values())
        raise StageError(f"{path}: expected arrays named {ours}; found {', '.join(names)}")
    return labelled(parts, split=parts.keys() <= set(raw.PARTS))
