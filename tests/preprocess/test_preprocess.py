"""The stage ``preprocess``: its parts, their labels as one-hot rows, what the pixels are like."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import processed, raw
from stages.common import arrays
from stages.preprocess import __main__ as preprocess
from stages.preprocess.pixels import describe


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_parts_have_their_images_and_one_hot_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # Two images at a time.
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 2 * 5 * 4 * 3)
    images, labels = random(11, 5, 4, 3), np.arange(11, dtype=np.uint8)
    names = [f"class {number}" for number in range(20)]
    raw.write([images], (5, 4, 3), labels, names, {"train": 5, "validation": 2, "test": 4})
    data = dict.fromkeys(("path", "size", "limit")) | {"dataset": "x", "sources": []}
    split = {"test_fraction": None, "validation_fraction": 0, "seed": 0}
    Path("params.yaml").write_text(yaml.safe_dump({"data": data, "split": split}))
    preprocess.main()
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "test: images (4, 5, 4, 3), labels (4, 20)",
        f"warning: test: no image of {', '.join([*names[:7], *names[11:14]])} and 6 more",
    ]
    assert processed.read_classes() == names
    for name, few in (("train", slice(0, 5)), ("validation", slice(5, 7)), ("test", slice(7, 11))):
        own_images, own_labels = processed.read(name)
        np.testing.assert_array_equal(own_images, images[few], strict=True)
        np.testing.assert_array_equal(own_labels, np.eye(20, dtype=np.float32)[few], strict=True)
    # Of the training images alone.
    assert processed.read_pixels() == describe([images[:5]])


def test_mean_and_deviation_are_numpys_whatever_the_chunks() -> None:
    images = random(60, 5, 4, 3)
    found = describe([images])
    assert found == describe(images[::-1, None])
    np.testing.assert_allclose(found.mean, images.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, images.std(axis=(0, 1, 2)), rtol=1e-12)
    # What never varies is not scaled.
    assert describe([np.full_like(images[..., :1], 9)]).deviation == [1]
