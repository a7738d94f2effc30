"""Labelled images in one form, from arrays of any shape and number type."""

import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from stages.common.arrays import chunked, chunks_of, release
from stages.common.errors import StageError, one_line

WHITE = 255
# What rounding may add to white, as a share of it.
ROUNDING = 1e-4
GREY, COLOUR = 1, 3


@dataclass(frozen=True)
class LabelledImages:
    """Images and their labels, in one order.

    *chunks* yields all images, uint8 ``(k, height, width, channels)``, a few at a time, so that
    they need not fit into memory; *image* is the shape of one. *labels* ``(n,)`` are positions in
    *classes*, the names. *parts* is the number of images in each of train, validation and test,
    one part after the other; it is empty if the data has no split of its own. *files* are the
    images' names, if each is a file. Once *chunks* has ended, *left_out* has the places of those
    that it did not yield.
    """

    chunks: Callable[[], Iterator[np.ndarray]]
    image: tuple[int, int, int]
    labels: np.ndarray
    classes: list[str]
    parts: dict[str, int]
    files: list[str] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)

    def kept(self) -> "LabelledImages":
        """Return the labels, parts and files of those images alone that *chunks* has yielded.

        Raises:
            StageError: a class or a part has none left.
        """
        out = np.isin(np.arange(len(self.labels)), self.left_out)
        labels = self.labels[~out]
        each = iter((~out).tolist())
        parts = {name: sum(islice(each, count)) for name, count in self.parts.items()}
        lost = [self.classes[i] for i in np.setdiff1d(self.labels, labels)]
        lost += [name for name, count in parts.items() if not count]
        if lost:
            raise StageError(f"{lost[0]}: no image can be read; replace them or remove the folder")
        files = [name for name, gone in zip(self.files, out, strict=bool(self.files)) if not gone]
        return replace(self, labels=labels, parts=parts, files=files, left_out=[])


class Part(NamedTuple):
    """Images and labels as they are in a file, and what to call them in an error."""

    images: np.ndarray
    labels: np.ndarray
    where: str


def labelled(parts: Mapping[str, Part], *, split: bool = False) -> LabelledImages:
    """Return the images of all *parts* in one form; every reader of arrays calls this last.

    The images of a part are ``(n, height, width)`` in grey, ``(n, height, width, channels)`` with
    one channel or three, or ``(n, pixels)`` if square and grey. They are integers, floats or
    booleans, and may be memory-mapped. If no pixel is above 1, all are multiplied by 255; if one is
    2 or more, they are from 0 to 255. Floats are rounded to the nearest integer, halves to the even
    one.
    For the labels see :func:`to_classes`. With *split*, the parts are those of the data's own
    split, by name, and not just several files.

    Raises:
        StageError: they are anything else; a wrong value is named with its index.
    """
    shaped = [_shaped(part) for part in parts.values()]
    where = [part.where for part in parts.values()]
    image = shaped[0].shape[1:]
    for part, images in zip(parts.values(), shaped, strict=True):
        if part.labels.ndim and len(images) != len(part.labels):
            raise StageError(
                f"{part.where}: {len(images)} images but {len(part.labels)} labels; "
                "there must be one for each"
            )
        if images.shape[1:] != image:
            raise StageError(
                f"{part.where}: images of {size_of(images.shape[1:])}, "
                f"those of {where[0]} of {size_of(image)}; all must have the same size"
            )
    factor = _factor(list(map(_largest, shaped, where)), where)
    labels, classes = to_classes([part.labels for part in parts.values()], where)
    return LabelledImages(
        chunks=lambda: (
            _to_uint8(chunk, factor) for images in shaped for chunk in chunks_of(images)
        ),
        image=image,
        labels=labels,
        classes=classes,
        parts={name: len(part.labels) for name, part in parts.items()} if split else {},
    )


def size_of(image: tuple[int, ...]) -> str:
    """Return the shape (height, width, channels) in words."""
    height, width, channels = image
    return f"{width} x {height}, {'grey' if channels == GREY else 'in colour'}"


def _shaped(part: Part) -> np.ndarray:
    """Return a part's images as (n, height, width, channels), without a copy."""
    images, where = part.images, part.where
    if images.dtype.kind not in "uifb":
        raise StageError(f"{where}: values of type {images.dtype}; pixels are integers or floats")
    shape = images.shape
    if 0 not in shape:
        if len(shape) == 2 and math.isqrt(shape[1]) ** 2 == shape[1]:  # noqa: PLR2004
            return images.reshape(len(images), math.isqrt(shape[1]), -1, GREY)
        if len(shape) == 3:  # noqa: PLR2004
            return images[..., np.newaxis]
        if len(shape) == 4 and shape[3] in (GREY, COLOUR):  # noqa: PLR2004
            return images
    raise StageError(
        f"{where}: shape {shape}; images are (n, height, width), grey, or (n, height, width, 3), "
        "or (n, pixels) of square ones"
    )


def _factor(largest: Sequence[float], where: Sequence[str]) -> int:
    """Return by what to multiply the pixels of all parts, whose *largest* values these are.

    Raises:
        StageError: that cannot be told, or is not the same for all.
    """
    factors = {}
    for value, place in zip(largest, where, strict=True):
        if 1 + ROUNDING < value < 2:  # noqa: PLR2004
            raise StageError(
                f"{place}: the largest pixel is {value:g}; pixels are 0 to 255, or floats 0 to 1"
            )
        # A part that is all black tells nothing.
        if value > 0:
            factors[WHITE if value < 2 else 1] = f"{place} has {value:g}"  # noqa: PLR2004
    if len(factors) > 1:
        raise StageError(
            f"the largest pixel of {' and that of '.join(factors.values())}; scale all parts alike"
        )
    return next(iter(factors), 1)


def _largest(images: np.ndarray, where: str) -> float:
    """Return the largest value in *images*, after checking each one.

    Raises:
        StageError: a value is not a pixel.
    """
    largest = 0.0
    for few in chunked(len(images), images[:1].nbytes):
        chunk = images[few]
        # NaN compares as false, so this way it is out of range too. The array of comparisons is
        # only made if a value is wrong.
        low, high = chunk.min(), chunk.max()
        if not (low >= -ROUNDING and high <= WHITE * (1 + ROUNDING)):
            index = np.argwhere(~((chunk >= -ROUNDING) & (chunk <= WHITE * (1 + ROUNDING))))[0]
            raise StageError(
                f"{where}: pixel {chunk[tuple(index)]} in the image at index "
                f"{few.start + index[0]}; pixels are 0 to 255, or floats from 0 to 1"
            )
        largest = max(largest, float(high))
        release(images)
    return largest


def _to_uint8(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Return *pixels*, all within their range, as uint8."""
    if pixels.dtype.kind == "f":
        return np.rint(pixels * factor).clip(0, WHITE).astype(np.uint8)
    return pixels.astype(np.uint8, copy=False) * np.uint8(factor)


def to_classes(arrays: Sequence[np.ndarray], where: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return the labels of all *arrays* as ``(n,)`` integers from 0, and the classes' names.

    The arrays, from the places *where*, are all of one kind. Either they are ``(n,)`` or ``(n, 1)``
    whole numbers from 0, or words: then the classes are those that occur, sorted. Or they are
    ``(n, classes)`` one-hot rows of any number type: then a class is named by its column.
    """
    kinds, checked = zip(*map(_checked, arrays, where), strict=True)
    for kind, place in zip(kinds, where, strict=True):
        if kind != kinds[0]:
            raise StageError(f"{place}: labels are {kind}, those of {where[0]} {kinds[0]}")
    labels = np.concatenate(checked)
    if kinds[0].startswith("one-hot"):
        names = [str(number) for number in range(arrays[0].shape[1])]
    else:
        found, labels = np.unique(labels, return_inverse=True)
        names = [str(name) for name in found]
    if (labels == labels[0]).all():
        raise StageError(
            f"{where[0]}: every label is {names[labels[0]]}; there must be two classes or more"
        )
    return labels.astype(np.min_scalar_type(len(names) - 1)), names


def composed(word: str) -> str:
    """Return *word* in one spelling: letters with accents have two, and macOS uses the other."""
    return unicodedata.normalize("NFC", word)


def _checked(array: np.ndarray, where: str) -> tuple[str, np.ndarray]:
    """Check the labels in *array*; return their kind, and their numbers or words (n,)."""
    if array.shape[1:] == (1,):
        # As in Keras's CIFAR.
        array = array[:, 0]
    if array.ndim == 1 and array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError as error:
            raise StageError(f"{where}: labels are not UTF-8 ({one_line(error)})") from None
    if array.ndim == 1 and array.dtype.kind == "U":
        array = np.array([composed(word) for word in array.tolist()])
        if (empty := np.char.strip(array) == "").any():
            raise StageError(f"{where}: the label at index {empty.argmax()} is empty")
        return "words", array
    if array.ndim == 1 and array.dtype.kind in "ui":
        if (wrong := array < 0).any():
            raise StageError(
                f"{where}: label {array[wrong][0]} at index {wrong.argmax()}; "
                "labels count from 0, or are words"
            )
        # NumPy would turn uint64 beside int64 into floats.
        return "numbers", array.astype(np.uint64)
    if array.ndim == 2 and array.dtype.kind in "uifb":  # noqa: PLR2004
        if (wrong := (array.max(axis=1) != 1) | ((array != 0).sum(axis=1) != 1)).any():
            index = wrong.argmax()
            raise StageError(
                f"{where}: label {array[index].tolist()} at index {index} is not one-hot"
            )
        return f"one-hot in {array.shape[1]} classes", array.argmax(axis=1)
    raise StageError(
        f"{where}: {array.dtype} values of shape {array.shape};"
        " labels are whole numbers (n,), words (n,) or one-hot (n, classes)"
    )
