"""The stage ``evaluate``: what it reads and writes, and files that hold no model of ours."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages import architectures, params, processed
from stages.backend import keras, tf
from stages.common.errors import StageError
from stages.evaluate import __main__ as evaluate
from stages.evaluate.model import load, predict
from tests.support.images import random_images, write_part


def saved(path: Path, image: tuple[int, ...] = (28, 28, 1), classes: int = 10) -> bytes:
    """Write a model of one layer to *path* and return its bytes."""
    layers = [keras.Input(image), keras.layers.Flatten(), keras.layers.Dense(classes)]
    keras.Sequential(layers).save(path)
    return path.read_bytes()


def test_what_is_no_model_of_ours_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(saved(path, (28, 28, 3), 7)[:-100])
    with pytest.raises(StageError, match="damaged; `make verify` restores it"):
        load(path, "model1", (28, 28, 1), 10)
    saved(path, (28, 28, 3), 7)
    with pytest.raises(StageError) as caught:
        load(path, "model1", (28, 28, 1), 10)
    assert str(caught.value) == (
        f"{path}: takes (None, 28, 28, 3) and gives (None, 7), not (None, 28, 28, 1) and "
        "(None, 10); fix its architecture, or remove it and run `dvc repro`"
    )


OWN = """
import keras

@keras.saving.register_keras_serializable()
class Own(keras.layers.Layer):
    def call(self, x):
        return {factor} * x
"""


def test_each_model_has_layers_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path)])
    factors = {"once": 1, "twice": 2}
    for name, factor in factors.items():
        (tmp_path / f"{name}.py").write_text(OWN.format(factor=factor))
        module = importlib.import_module(f"stages.architectures.{name}")
        pixels = keras.Input((2, 2, 1))
        outputs = keras.layers.Flatten()(module.Own()(pixels))
        keras.Model(pixels, outputs).save(tmp_path / f"{name}.keras")
    for name in ("once", "twice", "once"):
        model = load(tmp_path / f"{name}.keras", name, (2, 2, 1), 4)
        assert float(model(np.ones((1, 2, 2, 1)))[0, 0]) == factors[name]


def test_probabilities_in_bfloat16_are_kept_in_float32() -> None:
    def half(images: np.ndarray) -> np.ndarray:
        return tf.constant(images, "bfloat16").numpy() / 2

    found = predict(half, np.ones((3, 2), np.uint8))
    assert found.dtype == np.float32
    assert found.tolist() == [[0.5, 0.5]] * 3


# Not one of which may be taken for something else.
NAMES = ["NA", "a,b", 'quote"', "<b>", "3", "03", "kočka", " dog", "1e5", "true"]


def test_every_image_is_scored_in_its_order(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.common.arrays.SCORED_IMAGES", 4)
    images, labels = random_images(10, seed=1, image=(12, 8, 3))
    write_part("test", images, labels)
    processed.write_classes(NAMES)
    (here / "models").mkdir()
    saved(here / "models/mine.keras", (12, 8, 3))
    monkeypatch.setattr(params, "architecture_of", lambda model: "model1")
    evaluate.main("mine")
    probabilities = keras.models.load_model("models/mine.keras").predict_on_batch(images)
    actual, predicted = labels.argmax(axis=1), probabilities.argmax(axis=1)
    table = pd.read_csv("metrics/predictions/mine.csv", keep_default_na=False)
    assert table["actual"].tolist() == [NAMES[label] for label in actual]
    assert table["predicted"].tolist() == [NAMES[label] for label in predicted]
    np.testing.assert_allclose(table["confidence"], probabilities.max(axis=1), rtol=1e-5)
    per_class = pd.read_csv("metrics/per_class/mine.csv", keep_default_na=False)
    assert per_class["class"].tolist() == NAMES
    # No softmax: sums of up to 360, the smallest of which are what is left of large terms.
    kept = np.load("metrics/probabilities/mine.npy", allow_pickle=False)
    np.testing.assert_allclose(kept, probabilities, rtol=1e-5, atol=1e-4)
    assert (kept.shape, kept.dtype) == ((10, len(NAMES)), np.float32)
