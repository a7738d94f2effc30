"""A trained model from its file, and its predictions."""

import importlib
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.backend import keras
from stages.common.arrays import scoring_batches
from stages.common.errors import StageError, one_line
from stages.common.files import reading

REMEDY = "; fix its architecture, or remove it and run `dvc repro`"


def load(path: Path, image: tuple[int, ...], classes: int) -> keras.Model:
    """Return the model in *path*, which takes (n, *image*) and gives (n, *classes*).

    Raises:
        StageError: there is no such file, it is damaged, or it holds something else.
    """
    with reading(path), path.open("rb") as file:
        # For a truncated file Keras says that it does not exist.
        if not zipfile.is_zipfile(file):
            raise ValueError
    try:
        _import_layers(path)
        model = keras.models.load_model(path, safe_mode=True)
    # zipfile, HDF5 and Keras read the archive; each has its own errors.
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


def _import_layers(path: Path) -> None:
    """Import the architecture whose own layers are in the model in *path*, if it has some.

    Keras finds them only if their code has run, and of two with one name the one that was last
    (https://keras.io/guides/serialization_and_saving/).
    """
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    for module in sorted(set(re.findall(r'"(stages\.architectures\.[^"]+)"', config))):
        sys.modules.pop(module, None)
        importlib.import_module(module)


def predict(of_batch: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return the probabilities (n, classes) that a model gives for *images*.

    *of_batch* returns those of a batch, like a Keras model's ``predict_on_batch``. Only one batch
    is in memory as floats at a time.
    """
    return np.concatenate([of_batch(images[few]) for few in scoring_batches(images)])
