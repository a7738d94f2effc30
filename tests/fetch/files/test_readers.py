"""The .npz and the IDX reader, and all readers on damaged files.

A damaged file gives the right arrays or a StageError: 200 of each kind are tried; the environment
variable FUZZ_CASES sets another number.
"""

import gzip
import io
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from PIL import Image

from stages.common.errors import StageError
from stages.fetch.files import folder, idx, npz
from stages.fetch.images import LabelledImages
from tests.support.handmade import digits, idx_bytes

T = TypeVar("T")
CASES = int(os.environ.get("FUZZ_CASES", "200"))
PARTS = {"train": digits(4, 0, 0), "validation": digits(5, 5), "test": digits(7)}
IMAGES, LABELS = PARTS["train"]


def check(data: LabelledImages, parts: Sequence[str], split: bool) -> None:
    """Check that *data* is these *parts*, one after the other."""
    images = np.concatenate(list(data.chunks()))
    expected = np.concatenate([PARTS[part][0] for part in parts])[..., np.newaxis]
    np.testing.assert_array_equal(images, expected.repeat(images.shape[-1], axis=-1))
    labels = [label for part in parts for label in PARTS[part][1]]
    assert [int(data.classes[label]) for label in data.labels] == labels
    assert data.parts == ({part: len(PARTS[part][1]) for part in parts} if split else {})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("images labels", ["train"]),
        ("x y", ["train"]),
        ("x_train y_train", ["train"]),
        ("x_test y_test x_val y_val x_train y_train", ["test", "validation", "train"]),
    ],
)
def test_npz_files_have_arrays_of_these_names(
    tmp_path: Path, save: Callable[..., None], order: Any, names: str, parts: list[str]
) -> None:
    arrays = [np.asarray(array, order=order) for part in parts for array in PARTS[part]]
    other = {"notes": np.array([{"passed": "over"}], "O")}
    save(tmp_path / "my.npz", **dict(zip(names.split(), arrays, strict=True)), **other)
    data = npz.read(tmp_path / "my.npz", tmp_path)
    check(data, [part for part in PARTS if part in parts], split="_" in names)


@pytest.mark.parametrize("dash", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("parts", [["train"], ["train", "test"]])
def test_idx_files_are_read_in_every_spelling_and_type_of_number(
    tmp_path: Path, dash: str, end: str, dtype: str, parts: list[str]
) -> None:
    for part in parts:
        half = {"train": "train", "test": "t10k"}[part]
        # A fourth dimension is the channels.
        images = PARTS[part][0].astype(dtype)[..., np.newaxis].repeat(3, -1)
        for name, values in (("images", images), ("labels", PARTS[part][1].astype("i2"))):
            content = idx_bytes(values)
            file = tmp_path / f"{half}-{name}{dash}idx{values.ndim}-ubyte{end}"
            # A name need not tell that what it names is compressed.
            file.write_bytes(gzip.compress(content) if end or dtype == "i2" else content)
    (tmp_path / "scratch").mkdir()
    check(idx.read_folder(tmp_path, tmp_path / "scratch"), parts, split=len(parts) > 1)


def saved(**arrays: np.ndarray) -> bytes:
    """Return an .npz file of these *arrays*."""
    np.savez(stream := io.BytesIO(), allow_pickle=False, **arrays)
    return stream.getvalue()


MANY = IMAGES.repeat(100, axis=0)
TRAIN = {"train-images-idx3-ubyte": idx_bytes(IMAGES), "train-labels-idx1-ubyte": idx_bytes(LABELS)}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"my.npz": saved(a=IMAGES, b=LABELS)}, "expected arrays named images, labels; x, y; "),
        ({"my.npz": saved(x=IMAGES)}, "my.npz: found x alone; expected x and y"),
        # In a header a 3 becomes a 2, so that the array would be read without its last images.
        (
            {"my.npz": saved(x=MANY, y=LABELS).replace(b"(300, 28, 28)", b"(200, 28, 28)")},
            "my.npz: cannot be read as .npz: Bad CRC-32 for file 'x.npy'",
        ),
        (
            {**TRAIN, "t10k-labels-idx1-ubyte": b""},
            "expected t10k-images-idx3-ubyte and t10k-labels-",
        ),
        (
            {**TRAIN, "train-images-idx3-ubyte": idx_bytes(LABELS)},
            "idx3-ubyte: starts with 00 00 08 01; IDX files of images start with 00 00 08 03, of",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / "my.npz"
    read, source = (npz.read, path) if path.exists() else (idx.read_folder, tmp_path)
    with pytest.raises(StageError, match=f"^{tmp_path}.*{re.escape(message)}"):
        read(source, tmp_path)


def damaged(original: bytes, file: Path) -> Iterator[bytes]:
    """Write *file* as *original* after one to three mishaps: bytes lost, put in, written over."""
    for case in range(CASES):
        draw = random.Random(case)  # noqa: S311 - the same cases on every run
        content = bytearray(original)
        for _ in range(draw.randint(1, 3)):
            # Headers stand at the start and, in a zip, at the end: most mishaps happen there.
            anywhere = draw.randrange(len(content) + 1)
            place = draw.choice([anywhere % 32, max(len(content) - anywhere % 256, 0), anywhere])
            new = draw.choice([b"", b"\xff" * 4, bytes(4), draw.randbytes(draw.randint(1, 9))])
            lost = draw.choice([0, len(new), len(new), 1, len(content)])
            content[place : place + lost] = new
        file.write_bytes(content)
        yield bytes(content)


def unless_refused(read: Callable[[], T], file: Path) -> T | None:
    """Return what *read* does, or None after an error that names *file* in one line."""
    try:
        return read()
    except StageError as error:
        said = str(error)
    assert str(file) in said
    assert "\n" not in said
    return None


@pytest.mark.parametrize("original", [idx_bytes(IMAGES), gzip.compress(idx_bytes(IMAGES))])
def test_damaged_idx_gives_exactly_the_bytes_after_the_header(
    tmp_path: Path, original: bytes
) -> None:
    file = tmp_path / "file.gz"
    for content in damaged(original, file):
        images = unless_refused(lambda: idx.read_file(file, "images", tmp_path), file)
        if images is not None:
            plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
            assert plain == idx_bytes(images)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damaged_npz_gives_the_whole_arrays(tmp_path: Path, save: Callable[..., None]) -> None:
    file = tmp_path / "my.npz"
    save(file, images=IMAGES, labels=LABELS)
    for _ in damaged(file.read_bytes(), file):
        if data := unless_refused(lambda: npz.read(file, tmp_path), file):
            # A zip's checksums cover its arrays, so what is read at all is what was written.
            check(data, ["train"], split=False)


# Pillow warns of much that it puts right.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_damaged_image_gives_an_image(tmp_path: Path, form: str) -> None:
    # Noise in colour, to be turned.
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (10, 20, 3), np.uint8))
    image.getexif()[0x0112] = 6
    image.save(stream := io.BytesIO(), form, exif=image.getexif())
    good, file = tmp_path / "a/1.png", tmp_path / "b/1.png"
    for path in (good, file):
        path.parent.mkdir()
    good.write_bytes(stream.getvalue())
    # BMP files have no EXIF.
    whole = (10, 20) if form == "BMP" else (20, 10)
    refused = []
    for _ in damaged(stream.getvalue(), file):
        images = unless_refused(lambda: next(folder.read(tmp_path, None).chunks()), file)
        # An image of another size is named for that.
        assert images is None or images.shape == (2, *whole, 3)
        refused.append(images is None)
    assert set(refused) == {True, False}
