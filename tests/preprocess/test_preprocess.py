"""The stage ``preprocess``: its parts, their labels as one-hot rows, what the pixels are like."""

from pathlib import Path

import numpy as np
import pytest

from stages import processed, raw
from stages.common import arrays
from stages.preprocess import __main__ as preprocess
from stages.preprocess.pixels import describe
from tests.support.handmade import write_params


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_parts_have_their_images_and_one_hot_rows(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Two images at a time.
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 2 * 5 * 4 * 3)
    images, labels = random(11, 5, 4, 3), np.arange(11, dtype=np.uint8)
    names = [f"class {number}" for number in range(20)]
    raw.write_images([images], (5, 4, 3))
    parts = {"train": 5, "validation": 2, "test": 4}
    about = raw.About(name="mine", dataset=None, classes=names, parts=parts, files=[])
    raw.write_rest(labels, about)
    write_params(here / "mine", test_fraction=None)
    preprocess.main()
    assert capsys.readouterr().out.splitlines()[2:] == [
        "test: images (4, 5, 4, 3), labels (4, 20)",
        "warning: There is no training image of class 5, class 6, class 7, class 8, class 9, "
        "class 10, class 11, class 12, class 13, class 14 and 5 more, so no model has seen one.",
        "warning: There is no validation image of class 0, class 1, class 2, class 3, class 4, "
        "class 7, class 8, class 9, class 10, class 11 and 8 more.",
        f"warning: There is no test image of {', '.join([*names[:7], *names[11:14]])} and 6 more, "
        "so no number here is about such images.",
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
