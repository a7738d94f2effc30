"""Images with their labels, the form in which every source and reader hands them over."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.common.errors import StageError

SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10


@dataclass(frozen=True)
class LabelledImages:
    """Images ``(n, 784)`` uint8, row by row, and their labels ``(n,)`` uint8, in one order."""

    images: np.ndarray
    labels: np.ndarray


def checked(images: np.ndarray, labels: np.ndarray, where: str) -> LabelledImages:
    """Return *images* and *labels* together.

    Args:
        images: uint8 ``(n, 784)``.
        labels: uint8 ``(n,)``.
        where: the file or source they come from, for the error.

    Raises:
        StageError: there are none, their numbers differ, or a label is not 0 to 9.
    """
    if images.dtype != np.uint8 or images.ndim != 2 or images.shape[1] != PIXELS:  # noqa: PLR2004
        raise StageError(f"{where}: expected images (n, {PIXELS}) uint8, got {_form(images)}")
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise StageError(f"{where}: expected labels (n,) uint8, got {_form(labels)}")
    if len(images) != len(labels):
        raise StageError(
            f"{where}: {len(images)} images but {len(labels)} labels; there must be one for each"
        )
    if len(images) == 0:
        raise StageError(f"{where}: no images at all; at least one is needed")
    if labels.max() >= CLASSES:
        index = int((labels >= CLASSES).argmax())
        raise StageError(f"{where}: label {labels[index]} at index {index}; labels are 0 to 9")
    return LabelledImages(images, labels)


def joined(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Return the images of all *parts*, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    return LabelledImages(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def absent_classes(labels: np.ndarray) -> list[int]:
    """Return the classes of which *labels* (uint8, 0 to 9) has no example."""
    counts = np.bincount(labels, minlength=CLASSES)
    return [int(digit) for digit in np.flatnonzero(counts == 0)]


def _form(array: np.ndarray) -> str:
    return f"{array.shape} {array.dtype}"
