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

IMAGES = random_images(5)[0]
LOAD = """
import numpy, keras
model = keras.models.load_model("model.keras", safe_mode=True)
numpy.save("predicted.npy", model.predict_on_batch(numpy.load("images.npy")))
modules = {type(layer).__module__.split(".")[0] for layer in model.layers}
print(model.name, *modules, *{layer.dtype_policy.name for layer in model.layers})
"""


def small_model(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return built(training_settings(**SMALL, normalize=True))


def saved(folder: Path) -> dict[str, bytes]:
    """Save the model in *folder*, its weights beside it; return what its files hold."""
    save_model(folder / "model.keras", small_model())
    save_weights(folder / "model.weights.h5", folder / "model.keras")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_model_saved_later_has_the_same_bytes_and_opens_without_our_package(
    tmp_path: Path,
) -> None:
    first, started = saved(tmp_path), time.time()
    assert first.keys() == {"model.keras", "model.weights.h5"}
    np.save(tmp_path / "images.npy", IMAGES)
    # -I leaves the working folder and PYTHONPATH out of the search for modules.
    command = [sys.executable, "-I", "-c", LOAD]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.split() == ["mine", "keras", "float32"]
    expected = small_model().predict_on_batch(IMAGES)
    np.testing.assert_allclose(np.load(tmp_path / "predicted.npy"), expected, rtol=1e-5, atol=1e-7)
    # Of its weights alone a model of the same shape.
    other = small_model(seed=1)
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.predict_on_batch(IMAGES), expected)
    # A zip archive keeps times to two seconds, HDF5 to one; all this took longer.
    time.sleep(max(0, 2.1 - (time.time() - started)))
    # An object that all layers share has another address in memory, as in another process.
    keras.config.set_dtype_policy("float32")
    assert saved(tmp_path).items() >= first.items()
