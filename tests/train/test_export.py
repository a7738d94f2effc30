"""Saved models: the same bytes for the same weights, and no code of ours to open them."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stages.backend import keras
from stages.train.export import save_model, save_weights
from tests.support.images import random_images
from tests.support.networks import built
from tests.support.settings import SMALL, training_settings

# Keras turns variables into arrays in a way that numpy 2.4 will not take much longer.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FILES = ["model.keras", "model.weights.h5"]
IMAGES = random_images(5)[0]
LOAD = """
import importlib.util, sys
import numpy, keras
assert importlib.util.find_spec("stages") is None, "our package is in reach"
model = keras.models.load_model(sys.argv[1], safe_mode=True)
numpy.save("predicted.npy", model.predict_on_batch(numpy.load("images.npy")))
modules = {type(layer).__module__.split(".")[0] for layer in model.layers}
print(model.name, *modules, *{layer.dtype_policy.name for layer in model.layers})
"""


def small_model(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return built(training_settings(**SMALL, normalize=True))


def save(folder: Path) -> Path:
    """Save the model in *folder*, its weights beside it."""
    save_model(folder / FILES[0], small_model())
    save_weights(folder / FILES[1], folder / FILES[0])
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("saved"))


def test_fresh_process_without_our_package_predicts_the_same_from_raw_pixels(
    tmp_path: Path, saved: Path
) -> None:
    np.save(tmp_path / "images.npy", IMAGES)
    # -I leaves the working folder and PYTHONPATH out of the search for modules.
    command = [sys.executable, "-I", "-c", LOAD, str(saved / FILES[0])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["mine", "keras", "float32"]
    predicted = np.load(tmp_path / "predicted.npy")
    expected = small_model().predict_on_batch(IMAGES)
    np.testing.assert_allclose(predicted, expected, rtol=1e-5, atol=1e-7)


def test_same_model_saved_later_has_the_same_bytes(tmp_path: Path, saved: Path) -> None:
    # A zip archive keeps times to two seconds, HDF5 to one; the test before this took longer.
    age = time.time() - (saved / FILES[1]).stat().st_mtime
    time.sleep(max(0, 2.1 - age))
    # An object that all layers share has another address in memory, as in another process.
    keras.config.set_dtype_policy("float32")
    save(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (saved / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_weights_alone_open_in_a_model_of_the_same_shape(saved: Path) -> None:
    other, same = small_model(seed=1), small_model()
    assert (other.predict_on_batch(IMAGES) != same.predict_on_batch(IMAGES)).any()
    other.load_weights(saved / FILES[1])
    np.testing.assert_array_equal(other.predict_on_batch(IMAGES), same.predict_on_batch(IMAGES))
