"""Files from anywhere run nothing; for a wheel's pickles see tests/fetch/sources/test_pypi.py."""

import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stages.backend import keras
from stages.common.arrays import read_array
from stages.common.errors import StageError
from stages.evaluate.model import load
from stages.fetch.files import npz


class Touching:
    """Leaves the file ``ran`` where it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("ran"),)


def test_a_pickle_in_place_of_an_array_is_not_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Not an array of objects, which numpy never maps, but what it takes for a pickle.
    Path("images.npy").write_bytes(pickle.dumps(Touching()))
    with zipfile.ZipFile("mine.npz", "w") as archive:
        archive.write("images.npy")
    np.load("images.npy", allow_pickle=True)
    Path("ran").unlink()
    with pytest.raises(StageError, match="damaged"):
        read_array(Path("images.npy"))
    with pytest.raises(StageError, match="pickled objects are not read"):
        npz.read(Path("mine.npz"), Path("scratch"))
    assert not Path("ran").exists()


def test_a_model_with_code_in_it_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
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
