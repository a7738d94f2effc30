"""A trained model from its file, and its predictions."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.backend import keras
from stages.common.arrays import scoring_batches
from stages.common.errors import StageError
from stages.common.files import reading
from stages.opening import open_model

REMEDY = "; fix its architecture, or remove it and run `dvc repro`"


def load(path: Path, architecture: str, image: tuple[int, ...], classes: int) -> keras.Model:
    """Return the model in *path*, which takes (n, *image*) and gives (n, *classes*).

    Raises:
        StageError: there is no such file, it is damaged, or it holds something else.
    """
    with reading(path), path.open("rb") as file:
        # For a truncated file Keras says that it does not exist.
        if not zipfile.is_zipfile(file):
            raise ValueError
    try:
        model = open_model(path, architecture)
    except ValueError as error:
        raise StageError(f"{path}: cannot be opened as a model ({error}){REMEDY}") from None
    shapes = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    wanted = (None, *image), (None, classes)
    if shapes != wanted:
        raise StageError(
            f"{path}: takes {shapes[0]} and gives {shapes[1]}, "
            f"not {wanted[0]} and {wanted[1]}{REMEDY}"
        )
    return model


def predict(of_batch: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return the probabilities (n, classes) that a model gives for *images*.

    *of_batch* returns those of a batch, like a Keras model's ``predict_on_batch``. Only one batch
    is in memory as floats at a time.
    """
    batches = [of_batch(images[few]) for few in scoring_batches(images)]
    return np.concatenate(batches).astype(np.float32)
