"""Images of one's own that are not as they should be: each row of the README's table holds."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages.common.errors import StageError
from stages.compare import __main__ as compare
from stages.configure import __main__ as configure
from stages.evaluate import __main__ as evaluate
from stages.fetch import __main__ as fetch
from stages.preprocess import __main__ as preprocess
from stages.train import __main__ as train
from tests import ROOT
from tests.settings_for_tests import SMALL, sections

# Two images of each digit, with pixels from 0 to 255.
LABELS = np.repeat(np.arange(10, dtype=np.uint8), 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the function that fetches and preprocesses arrays, and returns what a user reads."""
    monkeypatch.chdir(tmp_path)

    def run_stages(images: Any = IMAGES, labels: Any = LABELS, fraction: float = 0.5) -> str:
        np.savez("my.npz", images=images, labels=labels)
        data = {"dataset": "mnist_784", "sources": ["pypi"], "path": "my.npz", "limit": None}
        split = {"test_fraction": fraction, "validation_fraction": 0, "seed": 0}
        given = {**sections(model=SMALL), "data": data, "split": split}
        Path("params.yaml").write_text(yaml.safe_dump(given))
        try:
            fetch.main()
            preprocess.main()
        except StageError as error:
            return f"{capsys.readouterr().out}error: {error}"
        return capsys.readouterr().out

    return run_stages


def labelled(second: object, dtype: str) -> np.ndarray:
    """Return labels of which the second is *second*."""
    return np.array([0, second, *range(2, 20)], dtype)


def with_pixel(value: float, dtype: str = "f8") -> np.ndarray:
    """Return images, black but for one pixel of the fourth."""
    images = np.zeros((20, 28, 28), dtype)
    images[3, 5, 5] = value
    return images


def without(*digits: int) -> dict[str, np.ndarray]:
    """Return the images and labels that are not of *digits*."""
    kept = ~np.isin(LABELS, digits)
    return {"images": IMAGES[kept], "labels": LABELS[kept]}


# A single 9, which the split gives to the training images.
LONELY = {"images": np.repeat(IMAGES, 10, axis=0)[:181], "labels": np.repeat(LABELS, 10)[:181]}
NUMBERS = "labels are 0 to 9"
FORMS = "labels are integers (n,) or one-hot (n, 10)"
PIXELS = "pixels are 0 to 255, or floats from 0 to 1"

# By row of the README's table: the arrays, and what is said. The table quotes the first of a row.
SAID: dict[str, list[tuple[dict[str, Any], str]]] = {
    "a label that is not 0 to 9": [
        ({"labels": labelled(10, "u1")}, f"label 10 at index 1; {NUMBERS}"),
        ({"labels": labelled(-1, "i1")}, f"label -1 at index 1; {NUMBERS}"),
        ({"labels": labelled(256, "i4")}, f"label 256 at index 1; {NUMBERS}"),
        ({"labels": labelled(2**64 - 1, "u8")}, f"label {2**64 - 1} at index 1; {NUMBERS}"),
    ],
    "labels that are text, or floating-point numbers, even `3.0`": [
        ({"labels": labelled("1", "U2")}, FORMS),
        ({"labels": labelled("1", "S2")}, FORMS),
        ({"labels": labelled(3.0, "f8")}, FORMS),
        ({"labels": labelled(np.nan, "f4")}, FORMS),
        ({"labels": labelled(1, "?")}, FORMS),
    ],
    "labels or images as Python objects": [
        ({"labels": labelled("1", "O")}, "pickled objects are not read"),
        ({"images": IMAGES.astype("O")}, "pickled objects are not read"),
    ],
    "NaN, infinity, or a pixel outside 0 to 255": [
        ({"images": with_pixel(np.nan)}, f"pixel nan in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(np.nan, "f2")}, f"pixel nan in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(-np.inf)}, f"pixel -inf in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(-0.5)}, f"pixel -0.5 in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(256, "i8")}, f"pixel 256 in the image at index 3; {PIXELS}"),
    ],
    "no image of a digit": [(without(8, 9), "warning: no image of 8, 9")],
    "no image of a digit in one of the parts": [(LONELY, "warning: test: no image of 9")],
    "too few images to split, such as one": [
        (
            {"images": IMAGES[:1], "labels": LABELS[:1]},
            "params.yaml: split.test_fraction: 0.5 leaves a part without an image",
        ),
        (
            {"images": IMAGES[:2], "labels": LABELS[:2], "fraction": 0.9},
            "params.yaml: split.test_fraction: 0.9 leaves a part without an image",
        ),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "no images at all"),
    ],
}
CASES = [(row, *case) for row, cases in SAID.items() for case in cases]


@pytest.mark.parametrize(("row", "given", "said"), CASES)
def test_what_is_wrong_is_told(run: Run, row: str, given: dict[str, Any], said: str) -> None:
    lines = run(**given).splitlines()
    told = [line for line in lines if said in line]
    assert told, lines
    is_error = not said.startswith("warning")
    assert all(line.startswith("error: " if is_error else said) for line in told)
    # An error is one line, the last.
    assert told == lines[-1:] or not is_error
    assert Path("data/processed").exists() is not is_error


FLOATS = {
    "floating-point pixels, none above 1": (IMAGES / 255, IMAGES),
    "floating-point pixels, one or more above 1": (IMAGES - 0.25 * (IMAGES > 1), IMAGES),
}


@pytest.mark.parametrize(("images", "expected"), FLOATS.values(), ids=FLOATS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floating_point_pixels_are_scaled_or_rounded(
    run: Run, images: np.ndarray, expected: np.ndarray, dtype: str
) -> None:
    printed = run(images=images.astype(dtype))
    assert "error" not in printed
    assert "warning: no image" not in printed
    np.testing.assert_array_equal(np.load("data/raw/images.npy").reshape(-1, 28, 28), expected)


def test_the_readmes_table_is_of_these_rows_and_quotes_these_words() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Images of your own\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| (?!---)(.+?) \| (.+?) \|$", section, re.MULTILINE)[1:])
    assert list(rows) == [*SAID, *FLOATS]
    for row, cases in SAID.items():
        quoted = re.match(r"(?:an error|a warning): `(.+?)`", rows[row])
        assert quoted, rows[row]
        assert quoted[1] == cases[0][1].removeprefix("warning: ")


# Keras turns variables into arrays in a way that numpy 2.4 will not take much longer.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_is_trained_and_scored_though_a_digit_has_no_image(run: Run) -> None:
    run(**without(0, 9))
    configure.main("mine")
    train.main("mine")
    evaluate.main("mine")
    compare.main()
    lines = Path("metrics/per_class/mine.csv").read_text().splitlines()
    # Precision, recall, F1 and the number of images: nothing is divided by the last.
    assert [lines[1], lines[10]] == ["0,0.0,0.0,0.0,0", "9,0.0,0.0,0.0,0"]
