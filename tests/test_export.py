"""Saved models: the same bytes for the same weights, and no code of ours to open them."""

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stages.backend import keras
from stages.train import network
from stages.train.export import save_model, save_weights
from tests.images_for_tests import random_images
from tests.settings_for_tests import SMALL, training_settings

# Keras turns variables into arrays in a way that numpy 2.4 will not take much longer.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LOAD = """
import importlib.util, sys
import numpy, keras
assert importlib.util.find_spec("stages") is None, "our package is in reach"
model = keras.models.load_model("model.keras", safe_mode=True)
numpy.save("predicted.npy", model.predict_on_batch(numpy.load("images.npy")))
modules = {type(layer).__module__.split(".")[0] for layer in model.layers}
print(model.name, *modules, *{layer.dtype_policy.name for layer in model.layers})
"""


def small_model(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return network.build("mine", training_settings(**SMALL, normalize=True))


@pytest.fixture(scope="module")
def saved_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two folders, each with the same model, built and saved seconds apart."""
    first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
    for folder in (first, second):
        model = small_model()
        save_model(folder / "model.keras", model)
        save_weights(folder / "model.weights.h5", folder / "model.keras")
        time.sleep(2.1)  # a zip archive keeps times to two seconds, HDF5 to one
    return first, second


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_same_model_saved_later_has_the_same_bytes(
    saved_twice: tuple[Path, Path], name: str
) -> None:
    first, second = (folder / name for folder in saved_twice)
    assert first.read_bytes() == second.read_bytes()


def test_archive_holds_no_date(saved_twice: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(saved_twice[0] / "model.keras") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        metadata = json.loads(archive.read("metadata.json"))
    assert metadata["keras_version"] == keras.__version__
    assert "date_saved" not in metadata


def test_other_weights_have_other_bytes(tmp_path: Path, saved_twice: tuple[Path, Path]) -> None:
    save_model(tmp_path / "model.keras", small_model(seed=1))
    first = saved_twice[0] / "model.keras"
    assert (tmp_path / "model.keras").read_bytes() != first.read_bytes()


def test_saving_leaves_nothing_beside_the_files(saved_twice: tuple[Path, Path]) -> None:
    names = sorted(path.name for path in saved_twice[0].iterdir())
    assert names == ["model.keras", "model.weights.h5"]


def test_fresh_process_without_our_package_predicts_the_same_from_raw_pixels(
    tmp_path: Path,
) -> None:
    model, images = small_model(), random_images(5)[0]
    save_model(tmp_path / "model.keras", model)
    np.save(tmp_path / "images.npy", images)
    # -I leaves the working folder and PYTHONPATH out of the search for modules.
    command = [sys.executable, "-I", "-c", LOAD]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["mine", "keras", "float32"]
    predicted = np.load(tmp_path / "predicted.npy")
    np.testing.assert_allclose(predicted, model.predict_on_batch(images), rtol=1e-5, atol=1e-7)


def test_weights_alone_open_in_a_model_of_the_same_shape(saved_twice: tuple[Path, Path]) -> None:
    other, images = small_model(seed=1), random_images(5)[0]
    other.load_weights(saved_twice[0] / "model.weights.h5")
    np.testing.assert_array_equal(
        other.predict_on_batch(images), small_model().predict_on_batch(images)
    )
