"""The trained models in this folder, the pictures they get, and their joint predictions."""

import io
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from stages import dataset, params, processed
from stages.backend import make_repeatable, tf
from stages.common.errors import StageError
from stages.evaluate.model import load, predict
from stages.fetch.files.decoding import SUFFIXES, Source, read
from stages.fetch.files.resizing import resized
from stages.fetch.images import GREY
from stages.fetch.known import MNIST, find
from tools.predict import digits

VOTE = "vote"


class Form(NamedTuple):
    """What models take: images of this shape (height, width, channels), and whether of digits."""

    image: tuple[int, int, int]
    digits: bool


class Models:
    """All models of params.yaml, loaded as ``evaluate`` does, and the classes they tell apart."""

    def __init__(self) -> None:
        """Load the models.

        Raises:
            StageError: one is missing or damaged, or has the vote's name.
        """
        image = processed.read("test")[0].shape[1:]
        self.classes = processed.read_classes()
        name = dataset.read().dataset
        self.form = Form(image, name is not None and find(name) is MNIST)
        make_repeatable(0)
        # It warns that it prepares each model for one image, and again for several.
        tf.get_logger().setLevel("ERROR")
        count = len(self.classes)
        self._models = {
            name: load(Path(f"models/{name}.keras"), params.architecture_of(name), image, count)
            for name in params.section(params.read(), "models")
        }
        if VOTE in self._models:
            raise StageError(
                f"params.yaml: models: {VOTE!r} is reserved for the vote; rename the model"
            )

    def probabilities(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the probabilities (n, classes) by model, the vote's first: the mean of all.

        *images* are (n, height, width, channels) uint8, as in training.
        """
        by_model = {n: predict(model.predict_on_batch, images) for n, model in self._models.items()}
        return {VOTE: np.mean(list(by_model.values()), axis=0)} | by_model

    def read(self, source: Source, name: str) -> list[tuple[digits.Seen, dict[str, np.ndarray]]]:
        """Return the images to predict on a picture, each with its :meth:`probabilities`.

        Raises:
            StageError: it is not a picture, is damaged or too large, or has no digit on it.
        """
        parts = seen_on(source, name, self.form)
        by_model = self.probabilities(np.stack([part.image for part in parts]))
        return [
            (part, {model: array[row] for model, array in by_model.items()})
            for row, part in enumerate(parts)
        ]


def sources(words: Iterable[str]) -> Iterator[tuple[str, Source]]:
    """Yield each picture's name and source; folders are searched, ``-`` is standard input."""
    for word in words:
        if word == "-":
            yield "-", io.BytesIO(sys.stdin.buffer.read())
        elif os.path.isdir(word):  # noqa: PTH112 - Path.is_dir fails on a name that is too long
            inside = sorted(Path(word).rglob("*"))
            files = [file for file in inside if file.suffix.lower() in SUFFIXES and file.is_file()]
            yield from ((str(file), file) for file in files)
            if not files:
                # No picture in it: reading this gives an error.
                yield word, io.BytesIO()
        else:
            yield word, Path(word)


def seen_on(source: Source, name: str, form: Form) -> list[digits.Seen]:
    """Return the images that models of this *form* get from the picture in *source*.

    For digits, that is each digit on it, from left to right, cut out and framed as in MNIST, or the
    picture as it is if it has that form. Otherwise it is the picture, resized like training images.

    Raises:
        StageError: it is not a picture, is damaged or too large, or has no digit on it.
    """
    with warnings.catch_warnings():
        # Whoever gives such a large picture expects it to take memory and time.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        mode = "L" if form.digits or form.image[2] == GREY else "RGB"
        pixels = read(source, name, mode, None if form.digits else form.image[:2])
    found = [digits.Seen(pixels, None)]
    if form.digits and not digits.in_form(pixels[..., 0]):
        found = digits.find(pixels[..., 0])
        if not found:
            raise StageError(f"{name}: no digit found")
    fitted = (resized(np.atleast_3d(one.image), form.image[:2]) for one in found)
    # Models that take colour get a grey digit in every channel.
    return [
        one._replace(image=np.array(np.broadcast_to(image, form.image)))
        for one, image in zip(found, fitted, strict=True)
    ]
