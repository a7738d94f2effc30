"""The stage ``preprocess``: its parts, their labels as one-hot rows, what the pixels are like."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import processed, raw
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
        data = dict.fromkeys(("path", "size", "limit")) | {"dataset": "x", "sources": []}
        split = {"test_fraction": None, "validation_fraction": 0, "seed": 0}
        Path("params.yaml").write_text(yaml.safe_dump({"data": data, "split": split}))
        preprocess.main()
        return capsys.readouterr().out

    return run_stage


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_parts_have_their_images_and_one_hot_rows(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two images at a time, four labels.
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 2 * 5 * 4 * 3)
    images, labels = random(11, 5, 4, 3), np.arange(11) % 7
    run(images, labels.astype(np.uint8), 7, train=5, validation=2, test=4)
    assert processed.read_classes() == [f"class {number}" for number in range(7)]
    for name, few in (("train", slice(0, 5)), ("validation", slice(5, 7)), ("test", slice(7, 11))):
        own_images, own_labels = processed.read(name)
        np.testing.assert_array_equal(own_images, images[few], strict=True)
        rows = np.eye(7, dtype=np.float32)[labels[few]]
        np.testing.assert_array_equal(own_labels, rows, strict=True)
    # Of the training images alone.
    assert processed.read_pixels() == describe([images[:5]])


def test_of_a_thousand_classes_the_first_ten_without_an_image_are_named(run: Run) -> None:
    labels = np.arange(1000, dtype=np.uint16)
    printed = run(random(1000, 2, 2, 1), labels, 1000, train=12, test=988)
    first = ", ".join(f"class {number}" for number in range(10))
    assert printed.splitlines()[-3:] == [
        "test: images (988, 2, 2, 1), labels (988, 1000)",
        f"warning: test: no image of {first} and 2 more",
        "note: split.validation_fraction is 0, so validation and test are the same images",
    ]
    np.testing.assert_array_equal(processed.read("test")[1], np.eye(1000)[12:])


def test_mean_and_deviation_are_numpys_whatever_the_chunks() -> None:
    images = random(60, 5, 4, 3)
    found = describe([images])
    assert found == describe(images[::-1, None])
    np.testing.assert_allclose(found.mean, images.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, images.std(axis=(0, 1, 2)), rtol=1e-12)
    # What never varies is not scaled.
    assert describe([np.full_like(images[..., :1], 9)]).deviation == [1]
