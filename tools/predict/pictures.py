"""Pictures in files, folders and standard input, brought into the form that models take."""

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.common.errors import StageError
from stages.fetch.files.decoding import SUFFIXES, Source, read
from stages.fetch.files.resizing import resized
from stages.fetch.images import GREY, size_of
from tools.predict import digits


class Form(NamedTuple):
    """What models take: the shape (height, width, channels), and whether it is one of a digit."""

    image: tuple[int, int, int]
    digits: bool


def sources(words: Iterable[str]) -> Iterator[tuple[str, Source]]:
    """Yield each picture's name and where it is; folders are looked through, ``-`` is the input."""
    for word in words:
        path = Path(word)
        if word == "-":
            yield "-", io.BytesIO(sys.stdin.buffer.read())
        elif path.is_dir():
            inside = sorted(path.rglob("*"))
            files = [file for file in inside if file.suffix.lower() in SUFFIXES and file.is_file()]
            # A folder without pictures is named, and told in the words for a file that is none.
            yield from ((str(file), file) for file in files or [path])
        else:
            yield word, path


def seen_on(source: Source, name: str, form: Form) -> list[digits.Seen]:
    """Return what models of this *form* are to be shown of the picture in *source*.

    Of digits it is each one on it, from left to right, cut out and framed as MNIST's, or the
    picture as it is if it has that form; else it is the picture, resized as the training images.

    Raises:
        StageError: it is no picture, damaged, too large, or no digit is on it.
    """
    if isinstance(source, Path) and source.is_dir():
        raise StageError(f"{name}: no picture in this folder; {', '.join(sorted(SUFFIXES))} count")
    pixels = read(source, name, "L" if form.digits or form.image[2] == GREY else "RGB")
    if form.digits and not digits.in_form(pixels):
        found = digits.find(pixels)
        if not found:
            raise StageError(f"{name}: no digit to be seen")
        return [one._replace(image=fitted(one.image, name, form.image)) for one in found]
    return [digits.Seen(fitted(pixels, name, form.image), None)]


def fitted(pixels: np.ndarray, name: str, image: tuple[int, int, int]) -> np.ndarray:
    """Return *pixels* in the shape *image*, their aspect kept.

    Raises:
        StageError: the shape is no square, as which none is resized in training either.
    """
    height, width, _ = image
    if pixels.shape[:2] != (height, width):
        if height != width:
            raise StageError(
                f"{name}: {pixels.shape[1]} x {pixels.shape[0]} pixels; "
                f"the models take images of {size_of(image)}, which none is resized to"
            )
        pixels = resized(pixels, height)
    # A grey digit has the same in each channel that models of colour take.
    return np.array(np.broadcast_to(pixels.reshape(height, width, -1), image))
