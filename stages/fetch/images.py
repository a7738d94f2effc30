"""Labelled images in one form, made of the number formats that people keep them in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.common.errors import StageError

SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10
WHITE = 255


@dataclass(frozen=True)
class LabelledImages:
    """Images ``(n, 784)`` uint8, row by row, and their labels ``(n,)`` uint8, in one order."""

    images: np.ndarray
    labels: np.ndarray


def labelled(images: np.ndarray, labels: np.ndarray, where: str) -> LabelledImages:
    """Return *images* and *labels* in one form; every source and reader ends with this.

    Args:
        images: as :func:`to_pixels` takes them.
        labels: as :func:`to_labels` takes them, one for each image.
        where: the file or source they come from, for the error.

    Raises:
        StageError: they are something else; a wrong value is named with its index.
    """
    pixels, numbers = to_pixels(images, where), to_labels(labels, where)
    if len(pixels) != len(numbers):
        raise StageError(
            f"{where}: {len(pixels)} images but {len(numbers)} labels; there must be one for each"
        )
    return LabelledImages(pixels, numbers)


def joined(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Return the images of all *parts*, one part after the other."""
    return LabelledImages(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def to_pixels(array: np.ndarray, where: str) -> np.ndarray:
    """Return images as uint8 ``(n, 784)``.

    *array* is ``(n, 28, 28)``, ``(n, 28, 28, 1)`` or ``(n, 784)``; of integers, floats or booleans.
    They are from 0 to 1 if none is larger, and then scaled by 255, else from 0 to 255. Floats are
    rounded to the nearest integer, halves to the even one.
    """
    if array.shape[1:] not in ((SIDE, SIDE), (SIDE, SIDE, 1), (PIXELS,)):
        raise StageError(
            f"{where}: shape {array.shape}; images are (n, 28, 28), (n, 28, 28, 1) or (n, 784)"
        )
    if array.dtype.kind not in "uifb":
        raise StageError(f"{where}: values of type {array.dtype}; pixels are integers or floats")
    if len(array) == 0:
        raise StageError(f"{where}: no images at all; at least one is needed")
    flat = array.reshape(len(array), PIXELS)
    # Written so that NaN, which compares as false, is out of range too; and without an array of
    # comparisons where all is well, which for MNIST would take 55 MB.
    lowest, largest = flat.min(), flat.max()
    if not (lowest >= 0 and largest <= WHITE):
        image, pixel = np.argwhere(~((flat >= 0) & (flat <= WHITE)))[0]
        raise StageError(
            f"{where}: pixel {flat[image, pixel]} in the image at index {image};"
            " pixels are 0 to 255, or floats from 0 to 1"
        )
    if flat.dtype.kind == "f":
        return np.rint(flat * WHITE if largest <= 1 else flat).astype(np.uint8)
    pixels = flat.astype(np.uint8, copy=False)
    return pixels * np.uint8(WHITE) if largest <= 1 else pixels


def to_labels(array: np.ndarray, where: str) -> np.ndarray:
    """Return labels as uint8 ``(n,)``.

    *array* is ``(n,)`` integers from 0 to 9, or ``(n, 10)`` one-hot rows of any number type.
    """
    if array.ndim == 1 and array.dtype.kind in "ui":
        wrong = (array < 0) | (array >= CLASSES)
        if wrong.any():
            index = int(wrong.argmax())
            raise StageError(f"{where}: label {array[index]} at index {index}; labels are 0 to 9")
        return array.astype(np.uint8)
    if array.shape[1:] == (CLASSES,) and array.dtype.kind in "uifb":
        wrong = (np.sort(array, axis=1) != [*[0] * (CLASSES - 1), 1]).any(axis=1)
        if wrong.any():
            index = int(wrong.argmax())
            raise StageError(
                f"{where}: label {array[index].tolist()} at index {index} is not one-hot"
            )
        return array.argmax(axis=1).astype(np.uint8)
    raise StageError(
        f"{where}: {array.dtype} values of shape {array.shape};"
        " labels are integers (n,) or one-hot (n, 10)"
    )
