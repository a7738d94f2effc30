"""Images of one's own: what becomes of their numbers; each row of docs/images.md's table holds."""

import io
import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages import raw
from stages.common import arrays
from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch.images import Part, labelled, to_classes
from stages.preprocess import __main__ as preprocess
from tests import ROOT
from tests.support.handmade import flat, idx_bytes, write_files, write_params

# Two images of each of ten classes, with pixels from 0 to 255.
LABELS = np.repeat(np.arange(10, dtype=np.uint8), 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the function that fetches and preprocesses images, and returns what a user reads."""
    monkeypatch.chdir(tmp_path)
    # One image at a time, so that what is said holds wherever in the file it stands.
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1)

    def run_stages(
        files: dict[str, Any] | None = None,
        limit: int | None = None,
        test_fraction: float | None = 0.5,
        **given: Any,
    ) -> str:
        if files is None:
            path = Path("my.npz")
            split = "x_train" in given
            np.savez(path, **({} if split else {"images": IMAGES, "labels": LABELS}) | given)
        else:
            path = Path("folder")
            path.mkdir()
            write_files(path, files)
        write_params(path, limit=limit, test_fraction=test_fraction)
        try:
            fetch.main()
            preprocess.main()
        except StageError as error:
            return f"{capsys.readouterr().out}error: {error}"
        return capsys.readouterr().out

    return run_stages


def content_of(folder: str) -> dict[Path, bytes]:
    """Return every file in a folder, hidden ones too, and what it holds."""
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def labels_with(second: object, dtype: str) -> np.ndarray:
    """Return labels of which the second is *second*."""
    return np.array([0, second, *range(2, 20)], dtype)


def with_pixel(value: float, dtype: str = "f8") -> np.ndarray:
    """Return images, black but for one pixel of the fourth."""
    images = np.zeros((20, 28, 28), dtype)
    images[3, 5, 5] = value
    return images


def animated(suffix: str) -> bytes:
    """Return a file of two images, one after the other."""
    stream = io.BytesIO()
    flat(1).save(stream, suffix, save_all=True, append_images=[flat(200)])
    return stream.getvalue()


def cut(suffix: str) -> bytes:
    """Return an image without the last half of its file."""
    stream = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(stream, suffix)
    return stream.getvalue()[: len(stream.getvalue()) // 2]


# A single 9, which the split gives to the training images.
LONELY = {"images": np.repeat(IMAGES, 10, axis=0)[:181], "labels": np.repeat(LABELS, 10)[:181]}
TWO_HOT = np.eye(10)[LABELS]
TWO_HOT[2, 8] = 1
TRAIN = {"x_train": IMAGES, "y_train": LABELS}
IDX = {
    f"{part}-{kind}-ubyte": idx_bytes(values)
    for part in ("train", "t10k")
    for kind, values in (("images-idx3", IMAGES), ("labels-idx1", LABELS))
}
TALL = np.zeros((20, 32, 28), np.uint8)
CAT = {"cat/1.png": flat(1)}
PETS = {**CAT, "dog/1.png": flat(2)}
ROOM = {"cat/2.png": flat(3), "dog/2.png": flat(4)}
FORMS = "labels are whole numbers (n,), words (n,) or one-hot (n, classes)"
PIXELS = "pixels are 0 to 255, or floats from 0 to 1"
SHAPES = "images are (n, height, width), grey, or (n, height, width, 3)"
DAMAGED = "dog/1.png: damaged"
SIZES = "set data.size, to which all are resized"
BESIDE = "an image beside the classes' folders; put it into one"
SPLIT = "where the data is split, its sub-folders are train, validation and test"

# By row of the table: what is given, and what is said. The table quotes the first of a row.
SAID: dict[str, list[tuple[dict[str, Any], str]]] = {
    "a negative label": [
        ({"labels": labels_with(-1, "i1")}, "label -1 at index 1; labels count from 0"),
    ],
    "an empty word for a label": [
        ({"labels": labels_with(" ", "U2")}, "the label at index 1 is empty"),
    ],
    "labels of any other kind, such as `3.0`": [
        ({"labels": labels_with(3.0, "f8")}, FORMS),
        ({"labels": labels_with(b"1", "S2")}, FORMS),
        ({"labels": LABELS > 3}, FORMS),
        ({"labels": LABELS.reshape(20, 1, 1)}, f"uint8 values of shape (20, 1, 1); {FORMS}"),
        ({"labels": np.uint8(1)}, f"uint8 values of shape (); {FORMS}"),
    ],
    "labels or images as Python objects": [
        ({"labels": labels_with("1", "O")}, "pickled objects are not read"),
        ({"images": IMAGES.astype("O")}, "pickled objects are not read"),
    ],
    "one class alone": [
        ({"labels": LABELS * 0 + 3}, "every label is 3; there must be two classes or more"),
        ({"files": CAT}, "the only class is 'cat'; there must be two sub-folders or more"),
    ],
    "NaN, infinity, or a pixel outside 0 to 255": [
        ({"images": with_pixel(np.nan)}, f"pixel nan in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(np.inf, "f2")}, f"pixel inf in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(-0.5)}, f"pixel -0.5 in the image at index 3; {PIXELS}"),
        ({"images": with_pixel(256, "i8")}, f"pixel 256 in the image at index 3; {PIXELS}"),
    ],
    "training and test arrays of different sizes": [
        ({**TRAIN, "x_test": TALL, "y_test": LABELS}, "all must have one size"),
        (
            {**TRAIN, "x_test": TALL, "y_test": LABELS},
            "x_test and y_test: images of 28 x 32, grey, those of my.npz: x_train and y_train of "
            "28 x 28, grey; ",
        ),
        (
            {"files": IDX | {"t10k-images-idx3-ubyte": idx_bytes(TALL)}},
            "folder/t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte: images of 28 x 32, grey",
        ),
    ],
    "image files of different sizes, and no `data.size`": [
        ({"files": {**CAT, "dog/1.png": flat(2, width=4)}}, SIZES),
        (
            {"files": {**CAT, "dog/1.png": flat(2, width=4)}},
            "folder/cat/1.png is 3 x 2 pixels, folder/dog/1.png 4 x 2; ",
        ),
    ],
    "an image file that is damaged or cut short": [
        ({"files": {**CAT, "dog/1.png": b"GIF89a"}}, DAMAGED),
        ({"files": {**CAT, "dog/1.png": b""}}, DAMAGED),
        *(
            ({"files": {"cat/1.png": Image.fromarray(IMAGES[0]), "dog/1.png": cut(form)}}, DAMAGED)
            for form in ("PNG", "JPEG", "WEBP", "BMP")
        ),
    ],
    "an animated image file": [
        ({"files": {**CAT, "dog/1.png": animated("PNG")}}, "dog/1.png: animated; keep one image"),
        ({"files": {**CAT, "dog/1.webp": animated("WEBP")}}, "dog/1.webp: animated; keep one"),
    ],
    "an image file outside the classes' folders": [
        ({"files": {**PETS, "bird.jpg": b""}}, f"bird.jpg: {BESIDE}"),
        ({"files": {f"train/{name}": image for name, image in ({**PETS, "b.png": b""}).items()}},
         f"train/b.png: {BESIDE}"),
    ],
    "a class's folder without an image": [
        ({"files": {**PETS, "bird/list.txt": b""}}, "bird: no image in this class; fill it"),
        ({"files": {**PETS, "bird/.hidden.png": b""}}, "bird: no image in this class; fill it"),
    ],
    "other files in a class's folder": [
        (
            {"files": {**PETS, **ROOM, "dog/a.gif": b"", "dog/b/c.txt": b""}},
            "note: folder/dog: left out 2 that are no images, such as 'a.gif'",
        )
    ],
    "no image of a class in one of the parts": [(LONELY, "warning: test: no image of 9")],
    "too few images to split, such as one": [
        (
            {"images": IMAGES[:2], "labels": LABELS[1:3], "limit": 1},
            "params.yaml: split.test_fraction: 0.5 leaves a part without an image",
        ),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "no images at all"),
    ],
    "`split.test_fraction: null`, but no split of the data's own": [
        ({"test_fraction": None}, "it has no test and no train images of its own; give a fraction"),
    ],
}  # fmt: skip
# What the table does not tell.
MORE: list[tuple[dict[str, Any], str]] = [
    ({"images": np.zeros((20, 5))}, f"shape (20, 5); {SHAPES}"),
    ({"images": np.zeros((20, 0, 28))}, f"shape (20, 0, 28); {SHAPES}"),
    ({"images": np.zeros((20, 28, 28, 4))}, f"shape (20, 28, 28, 4); {SHAPES}"),
    ({"images": np.uint8(1)}, f"shape (); {SHAPES}"),
    ({"images": IMAGES.astype("U3")}, "values of type <U3; pixels are integers or floats"),
    ({"labels": LABELS[1:]}, "images and labels: 20 images but 19 labels; there must be one"),
    ({"labels": TWO_HOT}, "label [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0] at index 2"),
    (
        {**TRAIN, "x_test": IMAGES, "y_test": LABELS.astype("U1")},
        "x_test and y_test: labels are words, those of my.npz: x_train and y_train numbers",
    ),
    ({"files": {}}, "folder: no sub-folders; there must be one for each class"),
    ({"files": {**PETS, "train/cat/1.png": flat(1)}}, f"folder: cat beside train; {SPLIT}"),
    (
        {"files": {**{f"train/{name}": image for name, image in PETS.items()}, "test/a": b""}},
        "test: no sub-folders; there must be one for each class",
    ),
    ({"files": {**PETS, "\udcff/1.png": flat(1)}}, "'folder/\\udcff': a name that is not UTF-8"),
]


@pytest.mark.parametrize(("given", "said"), [*itertools.chain(*SAID.values()), *MORE])
def test_what_is_wrong_is_told_and_leaves_what_there_was(
    run: Run, given: dict[str, Any], said: str
) -> None:
    assert "error" not in run()
    before = content_of("data")
    lines = run(**given).splitlines()
    if said.startswith(("warning", "note")):
        assert said in lines
        assert lines[-1].startswith("note: split.validation_fraction is 0")
        return
    # Once, and last.
    assert [line.startswith("error: ") for line in lines].index(True) == len(lines) - 1
    assert said in lines[-1]
    # The stage that found it has not written a thing.
    stage = "data/processed" if "split." in said or "give a fraction" in said else "data"
    assert content_of(stage).items() <= before.items()
    assert not list(Path("data").rglob(".*"))


def test_the_documents_table_is_of_these_rows_and_quotes_these_words() -> None:
    text = (ROOT / "docs/images.md").read_text(encoding="utf-8")
    table = text.split("| in the files | what happens |\n|---|---|\n")[1].split("\n\n")[0]
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE))
    assert list(rows) == [*SAID, *FLOATS, MASKS]
    for row, cases in SAID.items():
        quoted = re.match(
            r"(?:an error|an error that names two|a warning|a note): `(.+?)`", rows[row]
        )
        assert quoted, rows[row]
        assert quoted[1] == re.sub("^(?:warning|note): ", "", cases[0][1])


@pytest.mark.parametrize(("limit", "trained", "told"), [(19, 9, 0), (20, 10, 0), (21, 10, 1)])
def test_a_limit_above_the_number_of_images_is_told(
    run: Run, limit: int, trained: int, told: int
) -> None:
    said = run(limit=limit)
    assert said.count("note: data.limit is 21, more than the 20 images there are\n") == told
    assert f"train: images ({trained}, 28, 28, 1)" in said


FLOATS = {
    "floating-point pixels, none above 1": (IMAGES / 255, IMAGES),
    "floating-point pixels, one or more above 1": (IMAGES - 0.25 * (IMAGES > 1), IMAGES),
}


@pytest.mark.parametrize(("images", "expected"), FLOATS.values(), ids=FLOATS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floating_point_pixels_are_scaled_or_rounded(
    run: Run, images: np.ndarray, expected: np.ndarray, dtype: str
) -> None:
    run(images=images.astype(dtype))
    np.testing.assert_array_equal(np.load(raw.IMAGES)[..., 0], expected)


MASKS = "whole numbers or true and false, none above 1"


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i8"])
def test_masks_become_black_and_white(run: Run, dtype: str) -> None:
    run(images=(IMAGES > 127).astype(dtype))
    np.testing.assert_array_equal(np.load(raw.IMAGES)[..., 0], np.where(IMAGES > 127, 255, 0))


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
@pytest.mark.parametrize(
    ("shape", "image"),
    [
        ((36,), (6, 6, 1)),
        ((6, 6), (6, 6, 1)),
        ((4, 9), (4, 9, 1)),
        ((4, 9, 1), (4, 9, 1)),
        ((4, 3, 3), (4, 3, 3)),
    ],
)
def test_pixels_of_every_type_and_shape_become_uint8(
    pixels: list[float], dtype: str, expected: list[int], shape: tuple[int, ...], image: object
) -> None:
    # The scale is that of all parts: the second is black, which alone would tell nothing.
    values = np.zeros((2, 36), dtype)
    values[1, : len(pixels)] = pixels
    labels = np.arange(2)
    parts = [Part(given.reshape(2, *shape), labels, "x") for given in (values, values * 0)]
    data = labelled(dict(zip("ab", parts, strict=True)))
    images = np.concatenate(list(data.chunks()))
    assert images.dtype == np.uint8
    assert images.shape == (4, *data.image) == (4, *image)  # type: ignore[misc]
    assert images.reshape(4, 36)[1].tolist() == expected + [0] * (36 - len(expected))
    assert not images[[0, 2, 3]].any()


ONE_HOT = [[0, 0, 0, 1], [0, 1, 0, 0]]


@pytest.mark.parametrize(
    ("arrays", "labels", "names"),
    [
        # Numbers need not follow one another; between parts their types may differ.
        ([np.array([7, 0], "u8"), np.array([30], ">i2")], [1, 0, 2], ["0", "7", "30"]),
        ([np.array([[7], [3]]), np.array([3])], [1, 0, 0], ["3", "7"]),
        ([np.array(["b", "Ä, c"]), np.array(["aa"])], [1, 2, 0], ["aa", "b", "Ä, c"]),
        *(([np.array(ONE_HOT, dtype)], [3, 1], list("0123")) for dtype in ("?", "i8", "f4")),
        ([np.arange(1000), np.array([999])], [*range(1000), 999], [str(i) for i in range(1000)]),
    ],
)
def test_labels_count_the_classes(
    arrays: Sequence[np.ndarray], labels: list[int], names: list[str]
) -> None:
    found, classes = to_classes(arrays, ["x", "y"][: len(arrays)])
    assert found.tolist() == labels
    assert classes == names
