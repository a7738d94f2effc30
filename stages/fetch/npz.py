"""Numpy's archive format, ``.npz``: a zip of ``.npy`` files.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from pathlib import Path

import numpy as np

from stages.common.errors import StageError, one_line
from stages.fetch.convert import to_labels, to_pixels
from stages.fetch.images import LabelledImages, checked, joined

# Pairs of names for images and labels. The last layout is that of Keras's mnist.npz.
LAYOUTS = (
    (("images", "labels"),),
    (("x", "y"),),
    (("x_train", "y_train"), ("x_test", "y_test")),
)


def read(path: Path) -> LabelledImages:
    """Return the images and labels in the ``.npz`` file *path*.

    The arrays are named ``images`` and ``labels``, or ``x`` and ``y``, or ``x_train``,
    ``y_train``, ``x_test``, ``y_test``: training images first, then test images.

    Raises:
        StageError: no such arrays, damage, pickled objects, or values that are no images or labels.
    """
    arrays = _arrays(path)
    return joined(
        [
            checked(
                to_pixels(arrays[images], f"{path}: {images}"),
                to_labels(arrays[labels], f"{path}: {labels}"),
                f"{path}: {images} and {labels}",
            )
            for images, labels in _layout(arrays, path)
        ]
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays in the file by name."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    # Numpy hands damaged files to zipfile, zlib and Python's own parser; each has its errors.
    except Exception as error:
        reason = one_line(error)
        if "pickle" in reason:
            reason = "pickled objects are not read; save arrays of numbers"
        raise StageError(f"{path}: cannot be read as .npz: {reason}") from None


def _layout(arrays: dict[str, np.ndarray], path: Path) -> list[tuple[str, str]]:
    """Return the pairs of arrays' names that the file holds."""
    for pairs in LAYOUTS:
        if set(pairs[0]) <= arrays.keys():
            present = [pair for pair in pairs if arrays.keys() & set(pair)]
            # A test half that lacks its other half is not left out in silence.
            for name in (name for pair in present for name in pair if name not in arrays):
                raise StageError(f"{path}: {name}: this array is missing")
            return present
    layouts = "; ".join(", ".join(name for pair in pairs for name in pair) for pairs in LAYOUTS)
    found = ", ".join(sorted(arrays)) or "none"
    raise StageError(f"{path}: expected arrays named {layouts}; found {found}")
