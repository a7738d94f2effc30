"""Each row of the table in docs/images.md: what happens is what it says."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages import raw
from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.preprocess import __main__ as preprocess
from tests import ROOT
from tests.support.handmade import flat, two_pictures, write_files, write_params

TEXT = (ROOT / "docs/images.md").read_text(encoding="utf-8")
TABLE = TEXT.split("| in the files | what happens |\n|---|---|\n")[1].split("\n\n")[0]
PAGE = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", TABLE, re.MULTILINE))

# Two images of each of ten classes, with pixels from 0 to 255.
LABELS = np.repeat(np.arange(10, dtype=np.uint8), 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)


def fetched(given: dict[str, Any]) -> None:
    """Fetch and preprocess images that are as they should be, but for what is *given*."""
    limit, fraction = given.pop("limit", None), given.pop("test_fraction", 0.5)
    path = Path("folder" if "files" in given else "my.npz")
    if "files" in given:
        write_files(path, given["files"])
    elif "x_train" in given:
        np.savez(path, **given)
    else:
        np.savez(path, **{"images": IMAGES, "labels": LABELS} | given)
    write_params(path, limit=limit, test_fraction=fraction)
    fetch.main()
    preprocess.main()


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def second(label: object, dtype: str) -> dict[str, Any]:
    """Return labels of which the second is *label*."""
    return {"labels": np.array([0, label, *range(2, 20)], dtype)}


NAN = IMAGES.astype("f4")
NAN[3, 5, 5] = np.nan
TRAIN = {"x_train": IMAGES, "y_train": LABELS}
CAT: dict[str, Image.Image | bytes] = {"cat/1.png": flat(1), "cat/2.png": flat(3)}
PETS = {**CAT, "dog/1.png": flat(2), "dog/2.png": flat(4)}
SAID: dict[str, dict[str, Any]] = {
    "a negative label": second(-1, "i1"),
    "an empty word for a label": second(" ", "U2"),
    "labels of any other kind, such as `3.0`": second(3.0, "f8"),
    "labels or images as Python objects": {"images": IMAGES.astype("O")},
    "one class alone": {"labels": LABELS * 0 + 3},
    "NaN, infinity, or a pixel outside 0 to 255": {"images": NAN},
    "training and test arrays of different sizes": {
        **TRAIN, "x_test": IMAGES[:, 1:], "y_test": LABELS,
    },
    "image files of different sizes, and no `data.size`": {
        "files": {**CAT, "dog/1.png": flat(2, width=4)}
    },
    "an image file that is damaged or cut short": {"files": {**CAT, "dog/1.png": b""}},
    "an animated image file": {"files": {**CAT, "dog/1.png": two_pictures("PNG")}},
    "an image file outside the classes' folders": {"files": {**PETS, "bird.jpg": b""}},
    "a class's folder without an image": {"files": {**PETS, "bird/list.txt": b""}},
    "other files in a class's folder": {"files": {**PETS, "dog/a.gif": b"", "dog/b/c.txt": b""}},
    # A single 9, which the split gives to the training images.
    "no image of a class in one of the parts": {
        "images": IMAGES.repeat(10, axis=0)[:181], "labels": LABELS.repeat(10)[:181],
    },
    "too few images to split, such as one": {"limit": 1},
    "`split.test_fraction: null`, but no split of the data's own": {"test_fraction": None},
}  # fmt: skip
BECOMES: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "floating-point pixels, none above 1": (IMAGES / 255, IMAGES),
    "floating-point pixels, one or more above 1": (IMAGES - 0.25 * (IMAGES > 1), IMAGES),
    "whole numbers or true and false, none above 1": (IMAGES > 127, 255 * (IMAGES > 127)),
}


def test_the_table_has_these_rows() -> None:
    assert list(PAGE) == [*SAID, *BECOMES]


@pytest.mark.parametrize(("row", "given"), SAID.items())
def test_what_the_table_quotes_is_said(
    capsys: pytest.CaptureFixture[str], row: str, given: dict[str, Any]
) -> None:
    kind, quoted = re.findall(r"^an? (\w+)(?: that names two)?: `(.+?)`", PAGE[row])[0]
    fetched({})
    before = {path: path.read_bytes() for path in Path("data").rglob("*") if path.is_file()}
    capsys.readouterr()
    if kind != "error":
        fetched(dict(given))
        assert f"{kind}: {quoted}" in capsys.readouterr().out.splitlines()
        return
    with pytest.raises(StageError, match=re.escape(quoted)):
        fetched(dict(given))
    # The stage that found it has not written a thing.
    after = {path: path.read_bytes() for path in Path("data").rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize(("images", "expected"), BECOMES.values(), ids=BECOMES)
def test_pixels_become_what_the_table_says(images: np.ndarray, expected: np.ndarray) -> None:
    fetched({"images": images})
    np.testing.assert_array_equal(np.load(raw.IMAGES)[..., 0], expected)


@pytest.mark.parametrize("limit", [20, 21])
def test_a_limit_above_the_number_of_images_is_told(
    capsys: pytest.CaptureFixture[str], limit: int
) -> None:
    fetched({"limit": limit})
    note = "note: data.limit is 21, more than the 20 images there are"
    assert (note in capsys.readouterr().out.splitlines()) == (limit > len(IMAGES))
