"""From the number formats people keep images and labels in to ours, uint8."""

import numpy as np

from stages.common.errors import StageError
from stages.fetch.images import CLASSES, PIXELS, SIDE

IMAGE_SHAPES = ((SIDE, SIDE), (SIDE, SIDE, 1), (PIXELS,))
WHITE = 255


def to_pixels(array: np.ndarray, where: str) -> np.ndarray:
    """Return images as uint8 ``(n, 784)``.

    Args:
        array: ``(n, 28, 28)``, ``(n, 28, 28, 1)`` or ``(n, 784)``; integers from 0 to 255, or
            floats: from 0 to 1 if none is larger, and then scaled by 255, else from 0 to 255.
            Floats are rounded to the nearest integer, halves to the even one.
        where: the file or array, for the error.

    Raises:
        StageError: another shape or type, NaN, infinity, or a value out of range.
    """
    if array.shape[1:] not in IMAGE_SHAPES:
        raise StageError(
            f"{where}: shape {array.shape}; images are (n, 28, 28), (n, 28, 28, 1) or (n, 784)"
        )
    if array.dtype.kind not in "uif":
        raise StageError(f"{where}: values of type {array.dtype}; pixels are integers or floats")
    if len(array) == 0:
        raise StageError(f"{where}: no images at all; at least one is needed")
    flat = array.reshape(len(array), PIXELS)
    if flat.dtype == np.uint8:
        return flat
    with np.errstate(all="ignore"):
        low, high = flat.min(), flat.max()
        # Written so that NaN, which compares as false, is out of range too.
        if not (low >= 0 and high <= WHITE):
            _refuse_pixel(flat, where)
        if flat.dtype.kind != "f":
            return flat.astype(np.uint8)
        scaled = flat * flat.dtype.type(WHITE if high <= 1 else 1)
        return np.rint(scaled).astype(np.uint8)


def _refuse_pixel(flat: np.ndarray, where: str) -> None:
    """Raise the error that names the first pixel of *flat* that is not within 0 to 255."""
    wrong = ~((flat >= 0) & (flat <= WHITE))
    image, pixel = np.unravel_index(int(wrong.argmax()), flat.shape)
    raise StageError(
        f"{where}: pixel {flat[image, pixel]} in the image at index {image};"
        " pixels are 0 to 255, or floats from 0 to 1"
    )


def to_labels(array: np.ndarray, where: str) -> np.ndarray:
    """Return labels as uint8 ``(n,)``.

    Args:
        array: integers from 0 to 9, ``(n,)``, or one-hot rows of any number type, ``(n, 10)``.
        where: the file or array, for the error.

    Raises:
        StageError: anything else; a wrong value is named with its index.
    """
    if array.ndim == 1 and array.dtype.kind in "ui":
        wrong = (array < 0) | (array >= CLASSES)
        if wrong.any():
            index = int(wrong.argmax())
            raise StageError(f"{where}: label {array[index]} at index {index}; labels are 0 to 9")
        return array.astype(np.uint8)
    if array.shape[1:] == (CLASSES,) and array.dtype.kind in "uifb":
        ones = array == 1
        one_hot = (ones.sum(axis=1) == 1) & ((array == 0).sum(axis=1) == CLASSES - 1)
        if not one_hot.all():
            index = int((~one_hot).argmax())
            raise StageError(
                f"{where}: label {array[index].tolist()} at index {index} is not one-hot"
            )
        return ones.argmax(axis=1).astype(np.uint8)
    raise StageError(
        f"{where}: {array.dtype} values of shape {array.shape};"
        " labels are integers (n,) or one-hot (n, 10)"
    )
