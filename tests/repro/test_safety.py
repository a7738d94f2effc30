"""Files from anywhere run nothing; for a wheel's pickles see tests/fetch/sources/test_pypi.py."""

import warnings
from pathlib import Path

import pytest

from stages.backend import keras
from stages.common.errors import StageError
from stages.evaluate.model import load


def test_a_model_with_code_in_it_is_not_run(here: Path) -> None:
    path = Path("mine.keras")
    # Whoever loads it calls the function, to learn the shape of what it returns.
    hostile = keras.layers.Lambda(lambda x: (__import__("pathlib").Path("ran").touch(), x)[1])
    with warnings.catch_warnings():
        # Keras warns of what is tested here.
        warnings.simplefilter("ignore")
        keras.Sequential([keras.Input((28, 28, 1)), hostile]).save(path)
        keras.models.load_model(path, safe_mode=False)
    Path("ran").unlink()
    with pytest.raises(StageError, match="Lambda"):
        load(path, "model1", (28, 28, 1), 10)
    assert not Path("ran").exists()
