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
from stages.fetch.parts import PARTS, words_of

# What people call images and labels. A part's name may stand before or after: x_train, test_images.
KINDS = {
    "images": "images", "image": "images", "x": "images", "data": "images",
    "labels": "labels", "label": "labels", "y": "labels", "target": "labels", "targets": "labels",
}  # fmt: skip
EXPECTED = "images and labels, x and y, or those of each part, such as x_train and y_train"


def read(path: Path, scratch: Path) -> LabelledImages:
    """Return the images and labels in the ``.npz`` file *path*, unpacked in the folder *scratch*.

    The arrays are named as in :data:`KINDS`, in upper or lower case; or so for each part of the
    data's own split, with a name from :mod:`stages.fetch.parts`.

    Raises:
        StageError: there are no such arrays, the file is damaged, has pickled objects, or values
            that are not images or labels.
    """
    names: list[str] = []
    arrays: dict[tuple[str, str], list[tuple[str, np.ndarray]]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                names.append(name := member.removesuffix(".npy"))
                if not (found := meaning(name)):
                    continue
                # Extracted completely, so that the zip's checksum covers the header too.
                unpacked = archive.extract(member, scratch)
                array = np.load(unpacked, mmap_mode="r", allow_pickle=False)
                arrays.setdefault(found, []).append((name, array))
    # A damaged file may fail in zipfile, zlib, NumPy or Python's parser, each with its own errors.
    except Exception as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise not_written(scratch, error) from error
        reason = one_line(error)
        if "Python object" in reason or "pickle" in reason:
            reason = "pickled objects are not read; save arrays of numbers or words"
        raise StageError(f"{path}: cannot be read as .npz: {reason}") from None
    expected = f"expected arrays named {EXPECTED}; found {', '.join(names) or 'none'}"
    for same in arrays.values():
        if len(same) > 1:
            raise StageError(f"{path}: both {same[0][0]} and {same[1][0]}; keep one of them")
    parts = {}
    for part in ("", *raw.PARTS):
        pair = [arrays[kind, part][0] for kind in ("images", "labels") if (kind, part) in arrays]
        # Half a pair must not be ignored silently.
        if len(pair) == 1:
            raise StageError(f"{path}: {pair[0][0]} alone; {expected}")
        if pair:
            (images, pixels), (labels, numbers) = pair
            parts[part] = Part(pixels, numbers, f"{path}: {images} and {labels}")
    if not parts or ("" in parts and len(parts) > 1):
        raise StageError(f"{path}: {expected}")
    return labelled(parts, split="" not in parts)


def meaning(name: str) -> tuple[str, str] | None:
    """Return what an array *name* means: images or labels, and of which part, or of none."""
    words = words_of(name)
    kinds = [KINDS[word] for word in words if word in KINDS]
    parts = [PARTS[word] for word in words if word in PARTS]
    if len(kinds) != 1 or len(parts) > 1 or len(words) > len(kinds + parts):
        return None
    return kinds[0], "".join(parts)
