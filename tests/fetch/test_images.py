"""Arrays of any form become one form: values by hand, and as docs/image-errors.md says."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.common import arrays
from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch.images import Part, labelled, to_classes
from stages.preprocess import __main__ as preprocess
from tests import ROOT
from tests.support.handmade import flat, idx_bytes, two_pictures, write_files, write_params

TEXT = (ROOT / "docs/image-errors.md").read_text(encoding="utf-8")
# Without the head of the table.
PAGE = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)[1:])
# Two images of each of ten classes, with pixels from 0 to 255.
KEYS = ("test_fraction", "validation_fraction", "limit", "skip_damaged")
LABELS = np.repeat(np.arange(10, dtype=np.uint8), 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)


@pytest.fixture(autouse=True)
def project(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, and read one image at a time."""
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1)


def fetched(**given: Any) -> None:
    """Fetch and preprocess images that are all right, except for what is *given*."""
    settings = {key: given.pop(key) for key in KEYS if key in given}
    path = Path("folder" if "files" in given else "my.npz")
    if "files" in given:
        write_files(path, given["files"])
        for name, target in given.get("links", {}).items():
            (path / name).symlink_to(target)
    else:
        right = {} if "x_train" in given else {"images": IMAGES, "labels": LABELS}
        np.savez(path, **right | given)
    write_params(path, **settings)
    fetch.main()
    preprocess.main()


# All zeros except for one pixel in the fourth image, which is black in IMAGES.
IMAGES[3, 5, 5] = 0
OTHER = np.zeros_like(IMAGES)
OTHER[3, 5, 5] = 1
TRAIN = {"x_train": IMAGES, "y_train": LABELS}
CAT: dict[str, Image.Image | bytes] = {"cat/1.png": flat(1), "cat/2.png": flat(3)}
PETS = {**CAT, "dog/1.png": flat(2), "dog/2.png": flat(4)}
flat(2).save(WHOLE := io.BytesIO(), "BMP")
CUT = WHOLE.getvalue()[:-9]
DAMAGED = {**PETS, "cat/2.png": CUT, "cat/3.png": flat(5), "dog/1.png": CUT}
MESSAGES: dict[str, dict[str, Any]] = {
    "a negative label": {"labels": [0, -1, *range(2, 20)]},
    "an empty word for a label": {"labels": ["0", " ", *map(str, range(2, 20))]},
    "labels of any other kind, such as `3.0`": {"labels": LABELS + 3.0},
    "labels or images as Python objects": {"images": IMAGES.astype("O")},
    "one class alone": {"labels": LABELS * 0 + 3},
    "NaN, infinity, or a pixel outside 0 to 255": {"images": np.where(OTHER, np.nan, IMAGES)},
    "a largest pixel between 1 and 2": {"images": 1.5 * IMAGES / 255},
    "one part scaled to 0..1 and another not": {
        **TRAIN, "x_test": IMAGES / 255, "y_test": LABELS,
    },
    "training and test arrays of different sizes": {
        **TRAIN, "x_test": IMAGES[:, 1:], "y_test": LABELS,
    },
    "image files of different sizes, and no `data.size`": {
        "files": {"cat/1.png": flat(1, width=4), "cat/2.png": flat(3), "dog/1.png": flat(2)}
    },
    "an image file that is damaged or cut short": {"files": {**CAT, "dog/1.png": CUT}},
    "several such files": {"files": {**PETS, "cat/2.png": CUT, "dog/1.png": CUT}},
    "several such files, and `data.skip_damaged: true`": {"files": DAMAGED, "skip_damaged": True},
    "an animated image file": {"files": {**CAT, "dog/1.png": two_pictures("PNG")}},
    "a HEIC file": {"files": {**CAT, "dog/1.heic": b""}},
    "an image file outside the classes' folders": {"files": {**PETS, "bird.jpg": b""}},
    "a class's folder without an image": {"files": {**PETS, "bird/list.txt": b""}},
    "a link to a folder": {"files": CAT, "links": {"dog": "cat"}},
    "a class in test or validation that is not in train": {
        "files": {f"{part}/{name}": one for part in ("train", "test") for name, one in PETS.items()}
        | {"test/fish/1.png": flat(9)},
    },
    "classes that may be the parts of a split": {
        "files": {"train/1.png": flat(1), "train/2.png": flat(2), "test/1.png": flat(3)},
    },
    "other files in a class's folder": {"files": {**PETS, "dog/a.txt": b"", "dog/b/c.csv": b""}},
    "the same pixels in two parts": {"files": {**PETS, "dog/2.png": flat(2)}},
    # A single 9, which goes to the training images.
    "no image of a class in one of the parts": {
        "images": IMAGES.repeat(10, axis=0)[:181], "labels": LABELS.repeat(10)[:181],
    },
    "too few images to split, such as one": {"limit": 1},
    "`split.test_fraction: null`, but no split of the data's own": {"test_fraction": None},
}  # fmt: skip
# Pixels, their types, and what they become.
BECOMES: dict[str, tuple[list[float], str, list[int]]] = {
    # 0.5 * 255 = 127.5 goes to the even 128.
    "floating-point pixels, none above 1 but for rounding": (
        [0.5, 1.000001, 7 / 255, -1e-7], "f4 f8", [128, 255, 7, 0],
    ),
    # 0.5 goes to 0, 254.4 to 254.
    "floating-point pixels, the largest 2 or more": ([0.5, 1.5, 254.4], "f4 >f8", [0, 2, 254]),
    "whole numbers or true and false, none above 1": ([1, 0, 1], "? i1 u1 i8", [255, 0, 255]),
}  # fmt: skip


def test_of_many_classes_the_first_and_last_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    fetched(labels=np.array([f"class {i:02}" for i in range(20)]))
    printed = capsys.readouterr().out.splitlines()[0]
    named = [f"class {i:02} (1)" for i in (*range(5), *range(15, 20))]
    assert printed.endswith(f"20 classes: {', '.join([*named[:5], '...', *named[5:]])}")


TWO_HOT = np.eye(10)[LABELS]
TWO_HOT[2, 8] = 1
TRAIN_FILES = {
    "train-images-idx3-ubyte": idx_bytes(IMAGES),
    "train-labels-idx1-ubyte": idx_bytes(LABELS),
}
ALSO: dict[str, dict[str, Any]] = {
    "pixel -0.5 in the image at index 3; pixels are 0 to 255": {"images": IMAGES - 0.5 * OTHER},
    "shape (20, 28, 28, 4); images are (n, height, width)": {"images": np.ones((20, 28, 28, 4))},
    "20 images but 19 labels; there must be one for each": {"labels": LABELS[1:]},
    f"label {TWO_HOT[2].tolist()} at index 2 is not one-hot": {"labels": TWO_HOT},
    "labels are words, those of my.npz: x_train and y_train numbers": {
        **TRAIN, "x_test": IMAGES, "y_test": LABELS.astype("U1"),
    },
    "my.npz: x_test alone; expected arrays named images and labels, x": {**TRAIN, "x_test": IMAGES},
    "my.npz: both images and X; keep one of them": {"X": IMAGES},
    "; found images, labels, x_test, y_test": {"x_test": IMAGES, "y_test": LABELS},
    "folder/a/6.png, folder/a/7.png and 2 more; replace or remove them, or leave them out with "
    "data.skip_damaged: true. The first: folder/a/0.png: damaged": {
        "files": {"b/1.png": flat(1)} | {f"a/{i}.png": CUT for i in range(12)}
    },
    "folder: test without a train beside it": {"files": {"test/a/1.png": b"", "val/a/1.png": b""}},
    "dog/2.png: a link to something that is missing": {
        "files": {**CAT, "dog/1.png": flat(2)}, "links": {"dog/2.png": "gone"},
    },
    "folder: no sub-folders; there must be one for each class": {"files": {"list.txt": b""}},
    "cat beside train; if the data is split, its": {"files": {**PETS, "train/a/1.png": b""}},
    "test: no sub-folders; there": {"files": {"train/cat/1.png": b"", "test/1.txt": b""}},
    "expected t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte": {
        "files": {**TRAIN_FILES, "t10k-labels-idx1-ubyte": b""},
    },
    "starts with 00 00 08 01; IDX files of images start with 00 00 08 03, of labels": {
        "files": {**TRAIN_FILES, "train-images-idx3-ubyte": idx_bytes(LABELS)},
    },
    "(images to split: 1); take more (data.limit) or another fraction": {"limit": 1},
    "params.yaml: split.test_fraction: null takes the data's own split": {"test_fraction": None},
    "params.yaml: split.validation_fraction: 0.25, but the data has validation images of its own; "
    "set it to 0": {
        **TRAIN, "x_val": IMAGES, "y_val": LABELS, "x_test": IMAGES, "y_test": LABELS,
        "test_fraction": None, "validation_fraction": 0.25,
    },
}  # fmt: skip


def test_the_table_has_these_rows() -> None:
    assert list(PAGE) == [*MESSAGES, *BECOMES]


@pytest.mark.parametrize(("row", "given"), [*MESSAGES.items(), *ALSO.items()])
def test_what_is_wrong_is_told_in_the_words_of_the_table(
    capsys: pytest.CaptureFixture[str], row: str, given: dict[str, Any]
) -> None:
    words = PAGE.get(row, f"an error: `{row}`")
    kind, quoted = re.findall(r"^an? (\w+)(?: that names [a-z ]+)?: `(.+?)`", words)[0]
    if kind == "error":
        with pytest.raises(StageError, match=re.escape(quoted)):
            fetched(**given)
    else:
        fetched(**given)
        assert f"\n{kind}: {quoted}" in f"\n{capsys.readouterr().out}"


@pytest.mark.parametrize(
    ("pixels", "dtype", "expected"),
    [
        (pixels, dtype, expected)
        for pixels, dtypes, expected in [([7, 255], ">i4", [7, 255]), *BECOMES.values()]
        for dtype in dtypes.split()
    ],
)
@pytest.mark.parametrize("shape", [(36,), (4, 9), (4, 9, 1), (4, 3, 3)])
def test_pixels_of_every_type_and_shape_become_uint8(
    pixels: list[float], dtype: str, expected: list[int], shape: tuple[int, ...]
) -> None:
    # All parts have one scale: the second, which is black, would not show it alone.
    values = np.zeros((2, 36), dtype)
    values[1, : len(pixels)] = pixels
    parts = [Part(given.reshape(2, *shape), np.arange(2), "x") for given in (values, values * 0)]
    data = labelled(dict(zip("ab", parts, strict=True)))
    images = np.concatenate(list(data.chunks()))
    assert images.dtype == np.uint8
    assert images.shape == (4, *((6, 6) if shape == (36,) else shape[:2]), *(shape[2:] or (1,)))
    assert images.reshape(4, 36)[1].tolist() == expected + [0] * (36 - len(expected))
    assert not images[[0, 2, 3]].any()


@pytest.mark.parametrize(
    ("given", "labels", "names"),
    [
        # Numbers need not be consecutive; their types may differ between parts.
        ([np.array([7, 0], "u8"), np.array([30], ">i2")], [1, 0, 2], ["0", "7", "30"]),
        ([np.array([[7], [3]]), np.array([3])], [1, 0, 0], ["3", "7"]),
        ([np.array(["b", "Ä, c"]), np.array(["aa"])], [1, 2, 0], ["aa", "b", "Ä, c"]),
        ([np.array(["b", "é"]), np.array(["e\u0301".encode()])], [0, 1, 1], ["b", "é"]),
        ([np.eye(4)[[3, 1]], np.eye(4, dtype="?")[[1]]], [3, 1, 1], list("0123")),
        ([np.arange(1000), np.array([999])], [*range(1000), 999], [str(i) for i in range(1000)]),
    ],
)
def test_labels_count_classes(given: list[np.ndarray], labels: list[int], names: list[str]) -> None:
    found, classes = to_classes(given, ["x", "y"])
    assert found.tolist() == labels
    assert classes == names
