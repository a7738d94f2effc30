"""The stage ``preprocess``: its parts, their labels as one-hot rows, what the pixels are like."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages import processed, raw
from stages.backend import keras
from stages.common import arrays
from stages.preprocess import __main__ as preprocess
from stages.preprocess.pixels import describe

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the function that preprocesses images of its own split and returns what is printed."""
    monkeypatch.chdir(tmp_path)

    def run_stage(images: np.ndarray, labels: np.ndarray, classes: int, **parts: int) -> str:
        names = [f"class {number}" for number in range(classes)]
        raw.write([images], images.shape[1:], labels, names, parts)
        data: Any = {"dataset": "x", "sources": [], "path": None, "size": None, "limit": None}
        split = {"test_fraction": None, "validation_fraction": 0, "seed": 0}
        Path("params.yaml").write_text(yaml.safe_dump({"data": data, "split": split}))
        preprocess.main()
        return capsys.readouterr().out

    return run_stage


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_parts_have_their_images_and_the_one_hot_rows_of_keras(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two images at a time, four labels.
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 2 * 5 * 4 * 3)
    images, labels = random(11, 5, 4, 3), np.arange(11) % 7
    run(images, labels.astype(np.uint8), 7, train=5, validation=2, test=4)
    assert processed.read_classes() == [f"class {number}" for number in range(7)]
    start = 0
    for name, count in (("train", 5), ("validation", 2), ("test", 4)):
        own_images, own_labels = processed.read(name)
        few = slice(start, start + count)
        np.testing.assert_array_equal(own_images, images[few])
        np.testing.assert_array_equal(own_labels, keras.utils.to_categorical(labels[few], 7))
        assert (str(own_images.dtype), str(own_labels.dtype)) == ("uint8", "float32")
        start += count


def test_pixels_are_described_from_the_training_images_alone(run: Run) -> None:
    images = random(8, 5, 4, 3)
    run(images, np.arange(8, dtype=np.uint8) % 2, 2, train=5, test=3)
    found = processed.read_pixels()
    np.testing.assert_allclose(found.mean, images[:5].mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, images[:5].std(axis=(0, 1, 2)), rtol=1e-12)


def test_a_thousand_classes_have_a_column_each(run: Run) -> None:
    labels = np.arange(2000, dtype=np.uint16) % 1000
    printed = run(random(2000, 2, 2, 1), labels, 1000, train=1000, test=1000)
    assert "test: images (1000, 2, 2, 1), labels (1000, 1000)" in printed.splitlines()
    np.testing.assert_array_equal(processed.read("test")[1], np.eye(1000))


def test_of_many_classes_without_an_image_the_first_ten_are_named(run: Run) -> None:
    printed = run(random(13, 2, 2, 1), np.arange(13, dtype=np.uint8), 13, train=1, test=12)
    first = ", ".join(f"class {number}" for number in range(1, 11))
    assert f"warning: train: no image of {first} and 2 more\n" in printed


WITH_A_CONSTANT = np.concatenate([random(60, 5, 4, 2), np.full((60, 5, 4, 1), 9, np.uint8)], 3)


@pytest.mark.parametrize(
    ("images", "deviation"),
    [
        (random(60, 5, 4, 1), None),
        (random(60, 5, 4, 3), None),
        # What never varies is not scaled.
        (WITH_A_CONSTANT, [*WITH_A_CONSTANT[..., :2].std(axis=(0, 1, 2)), 1]),
    ],
    ids=["grey", "colour", "a constant channel"],
)
def test_mean_and_deviation_are_numpys_whatever_the_chunks(
    images: np.ndarray, deviation: Any
) -> None:
    found = [describe([images]), describe(images[::-1, None]), describe([images[:7], images[7:]])]
    assert found[0] == found[1] == found[2]
    np.testing.assert_allclose(found[0].mean, images.mean(axis=(0, 1, 2)), rtol=1e-12)
    expected = images.std(axis=(0, 1, 2)) if deviation is None else deviation
    np.testing.assert_allclose(found[0].deviation, expected, rtol=1e-12)
