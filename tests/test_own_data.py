"""Images of one's own: what becomes of their numbers; each row of docs/images.md's table holds."""

import itertools
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch.images import to_labels, to_pixels
from stages.preprocess import __main__ as preprocess
from tests import ROOT

# Two images of each digit, with pixels from 0 to 255.
LABELS = np.repeat(np.arange(10, dtype=np.uint8), 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the function that fetches and preprocesses arrays, and returns what a user reads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def run_stages(images: Any = IMAGES, labels: Any = LABELS, limit: int | None = None) -> str:
        np.savez("my.npz", images=images, labels=labels)
        data = {"dataset": "mnist_784", "sources": ["pypi"], "path": "~/my.npz", "limit": limit}
        split = {"test_fraction": 0.5, "validation_fraction": 0, "seed": 0}
        Path("params.yaml").write_text(yaml.safe_dump({"data": data, "split": split}))
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


NO_8_OR_9 = {"images": IMAGES[:16], "labels": LABELS[:16]}
# A single 9, which the split gives to the training images.
LONELY = {"images": np.repeat(IMAGES, 10, axis=0)[:181], "labels": np.repeat(LABELS, 10)[:181]}
TWO_HOT = np.eye(10)[LABELS] + np.eye(10)[9]
NUMBERS = "labels are 0 to 9"
FORMS = "labels are integers (n,) or one-hot (n, 10)"
PIXELS = "pixels are 0 to 255, or floats from 0 to 1"
SHAPES = "images are (n, 28, 28), (n, 28, 28, 1) or (n, 784)"

# By row of the table: the arrays, and what is said. The table quotes the first of a row.
SAID: dict[str, list[tuple[dict[str, Any], str]]] = {
    "a label that is not 0 to 9": [
        ({"labels": labelled(10, "u1")}, f"label 10 at index 1; {NUMBERS}"),
        ({"labels": labelled(-1, "i1")}, f"label -1 at index 1; {NUMBERS}"),
        ({"labels": labelled(2**64 - 1, "u8")}, f"label {2**64 - 1} at index 1; {NUMBERS}"),
    ],
    "labels that are text, or floating-point numbers, even `3.0`": [
        ({"labels": labelled("1", "U2")}, FORMS),
        ({"labels": labelled(3.0, "f8")}, FORMS),
    ],
    "labels or images as Python objects": [
        ({"labels": labelled("1", "O")}, "pickled objects are not read"),
        ({"images": IMAGES.astype("O")}, "pickled objects are not read"),
    ],
    "NaN, infinity, or a pixel outside 0 to 255": [
        ({"images": with_pixel(np.nan)}, f"pixel nan in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(np.inf, "f2")}, f"pixel inf in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(-0.5)}, f"pixel -0.5 in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(256, "i8")}, f"pixel 256 in the image at index 3; {PIXELS}"),
    ],
    "no image of a digit": [(NO_8_OR_9, "warning: no image of 8, 9")],
    "no image of a digit in one of the parts": [(LONELY, "warning: test: no image of 9")],
    "too few images to split, such as one": [
        (
            {"images": IMAGES[:1], "labels": LABELS[:1]},
            "params.yaml: split.test_fraction: 0.5 leaves a part without an image",
        ),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "no images at all"),
    ],
}
# What the table does not tell.
MORE: list[tuple[dict[str, Any], str]] = [
    ({"images": np.zeros((20, 32, 32))}, f"shape (20, 32, 32); {SHAPES}"),
    ({"images": np.zeros((20, 28, 28, 3))}, f"shape (20, 28, 28, 3); {SHAPES}"),
    ({"images": IMAGES.astype("U3")}, "values of type <U3; pixels are integers or floats"),
    ({"labels": LABELS.reshape(20, 1)}, f"uint8 values of shape (20, 1); {FORMS}"),
    ({"labels": TWO_HOT}, "label [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0] at index 0"),
]


@pytest.mark.parametrize(("given", "said"), [*itertools.chain(*SAID.values()), *MORE])
def test_what_is_wrong_is_told(run: Run, given: dict[str, Any], said: str) -> None:
    lines = run(**given).splitlines()
    if said.startswith("warning"):
        assert said in lines
        assert Path("data/processed").exists()
    else:
        # Once, last, and nothing is trained on.
        assert [line.startswith("error: ") for line in lines].index(True) == len(lines) - 1
        assert said in lines[-1]
        assert not Path("data/processed").exists()


@pytest.mark.parametrize(("limit", "told"), [(19, False), (20, False), (21, True)])
def test_a_limit_above_the_number_of_images_is_told(run: Run, limit: int, told: bool) -> None:
    lines = run(limit=limit).splitlines()
    note = "note: data.limit is 21, more than the 20 images there are"
    assert (note in lines) == told
    assert f"images ({min(limit, 20)}, 28, 28, 1) uint8, labels" in "\n".join(lines)


FLOATS = {
    "floating-point pixels, none above 1": (IMAGES / 255, IMAGES),
    "floating-point pixels, one or more above 1": (IMAGES - 0.25 * (IMAGES > 1), IMAGES),
}


@pytest.mark.parametrize(("images", "expected"), FLOATS.values(), ids=FLOATS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floating_point_pixels_are_scaled_or_rounded(
    run: Run, images: np.ndarray, expected: np.ndarray, dtype: str
) -> None:
    run(images.astype(dtype))
    np.testing.assert_array_equal(np.load("data/raw/images.npy").reshape(-1, 28, 28), expected)


MASKS = "whole numbers or true and false, none above 1"


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i8"])
def test_masks_become_black_and_white(run: Run, dtype: str) -> None:
    run((IMAGES > 127).astype(dtype))
    expected = np.where(IMAGES > 127, 255, 0)
    np.testing.assert_array_equal(np.load("data/raw/images.npy").reshape(-1, 28, 28), expected)


def test_the_documents_table_is_of_these_rows_and_quotes_these_words() -> None:
    text = (ROOT / "docs/images.md").read_text(encoding="utf-8")
    table = text.split("| in the files | what happens |\n|---|---|\n")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE))
    assert list(rows) == [*SAID, *FLOATS, MASKS]
    for row, cases in SAID.items():
        quoted = re.match(r"(?:an error|a warning): `(.+?)`", rows[row])
        assert quoted, rows[row]
        assert quoted[1] == cases[0][1].removeprefix("warning: ")


# Worked by hand: 0.5 * 255 = 127.5 goes to the even 128; 0.5 goes to 0, 254.4 to 254.
@pytest.mark.parametrize(
    ("pixels", "dtype", "expected"),
    [
        ([7, 255], "u1", [7, 255]),
        ([7, 255], ">i4", [7, 255]),
        ([0.5, 1, 7 / 255], "f4", [128, 255, 7]),
        ([0.5, 1.5, 254.4], ">f8", [0, 2, 254]),
    ],
)
@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 28, 28, 1), (1, 784)])
def test_pixels_of_every_type_and_shape_become_uint8(
    pixels: list[float], dtype: str, expected: list[int], shape: tuple[int, ...]
) -> None:
    image = np.zeros(784, dtype)
    image[: len(pixels)] = pixels
    converted = to_pixels(image.reshape(shape), "x")
    assert converted.dtype == np.uint8
    assert converted.tolist() == [expected + [0] * (784 - len(expected))]


def test_pixels_that_are_right_already_take_no_memory() -> None:
    tracemalloc.start()
    to_pixels(IMAGES, "x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < IMAGES.nbytes / 2


@pytest.mark.parametrize("dtype", ["?", "i8", "f4"])
def test_one_hot_rows_become_labels(dtype: str) -> None:
    rows = [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]
    assert to_labels(np.array(rows, dtype), "y").tolist() == [3, 9]
