"""A trained model as its file has it, and what it says of images."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.backend import keras
from stages.common.errors import StageError, one_line
from stages.common.files import reading

BATCH = 500
REMEDY = "; fix its architecture, or remove it and run `dvc repro`"


def load(path: Path, image: tuple[int, ...], classes: int) -> keras.Model:
    """Return the model in *path*, which takes (n, *image*) and gives (n, *classes*).

    Raises:
        StageError: there is no such file, it is damaged, or it holds something else.
    """
    with reading(path), path.open("rb") as file:
        # Keras says of a file that was cut short that it is not there.
        if not zipfile.is_zipfile(file):
            raise ValueError
    try:
        model = keras.models.load_model(path, safe_mode=True)
    # What is in the archive meets zipfile, HDF5 and all of Keras; each has its errors.
    except Exception as error:
        raise StageError(
            f"{path}: cannot be opened as a model ({one_line(error)}){REMEDY}"
        ) from None
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

    *of_batch* returns those of some, as a Keras model's ``predict_on_batch`` does. Only one batch
    at a time is in memory as floats.
    """
    starts = range(0, len(images), BATCH)
    return np.concatenate([of_batch(images[i : i + BATCH]) for i in starts])
