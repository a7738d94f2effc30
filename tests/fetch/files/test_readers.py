"""The readers of .npz, .csv and IDX files.

They try 200 damaged files of each kind, or as many as the environment variable FUZZ_CASES says.
"""

import gzip
import io
import os
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.files import csv, idx, npz
from stages.fetch.images import LabelledImages
from tests.support.handmade import digits, idx_bytes

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


@pytest.mark.parametrize(("save", "order"), [(np.savez, "F"), (np.savez_compressed, "C")])
@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("images labels", ["train"]),
        ("x y", ["train"]),
        ("X Y", ["train"]),
        ("data target", ["train"]),
        ("x_test y_test x_val y_val x_train y_train", ["test", "validation", "train"]),
        ("X_test y_test X_train y_train", ["test", "train"]),
        ("train_images train_labels test_images test_labels", ["train", "test"]),
        ("images_train labels_train images_valid labels_valid", ["train", "validation"]),
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


def table(columns: str, *lines: str) -> bytes:
    return "\n".join([columns, *lines]).encode()


def test_a_table_is_read_a_line_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "CHUNK_BYTES", 1)
    images, labels = PARTS["train"]
    rows = zip(labels, images.reshape(len(images), -1), strict=True)
    lines = [",".join(map(str, [label, *pixels])) for label, pixels in rows]
    path = tmp_path / "train.csv"
    path.write_bytes(table(",".join(["label", *(f"pixel{i}" for i in range(784))]), *lines))
    check(csv.read(path, tmp_path), ["train"], split=False)
    # The label may stand anywhere, and be a word, if it is one that pandas takes for a gap.
    path.write_bytes(table("a,Class", "1,NA", "0,cat", "0.5,cat"))
    data = csv.read(path, tmp_path)
    assert [data.classes[label] for label in data.labels] == ["NA", "cat", "cat"]
    assert np.concatenate(list(data.chunks())).ravel().tolist() == [255, 0, 128]


NO_TABLE = "not a table of pixels: "


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not a table of pixels: No columns to parse from file"),
        (table("5,0,0", "4,0,0"), NO_TABLE + "the first line names the .* found 5, 0, 0.1"),
        (table("label", "4"), NO_TABLE + "the first line names the columns, one of them label, "),
        (table("label,a"), NO_TABLE + "no images"),
        (table("label,a", "4,0,7", "3,0,1"), NO_TABLE + "Length of header or names does not match"),
        (table("label,a", f"{10**30},0", "3,0"), "float64 values of shape .* labels are whole num"),
        (table("label,a", "4,x", "3,0"), "not a table of pixels: could not convert string to floa"),
        (table("label,a", "4,", "3,0"), "pixel nan in the image at index 0"),
        (table("label,a", "4,0,7", "3,0"), "not a table of pixels"),
        (table("label,a", "4", "3,0"), "pixel nan in the image at index 0"),
        (table("label,a", ",0", "3,0"), "the label at index 0 is empty"),
        (table("label,a,b", "4,0,1", "3,0,1"), r"shape \(2, 2\); images are"),
        (b"label,a\n\xff,1\n3,2\n", "not a table of pixels: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_a_table_of_something_else_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "my.csv").write_bytes(content)
    with pytest.raises(StageError, match=rf"my\.csv: {told}"):
        csv.read(tmp_path / "my.csv", tmp_path)


@pytest.mark.parametrize(("dash", "end"), [("-", ""), (".", ".gz")])
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
            # A file may be compressed whatever its name.
            file.write_bytes(gzip.compress(content) if dtype in ("u1", "f4") else content)
    (tmp_path / "scratch").mkdir()
    check(idx.read_folder(tmp_path, tmp_path / "scratch"), parts, split=len(parts) > 1)


def saved(**arrays: np.ndarray) -> bytes:
    """Return an .npz file of these *arrays*."""
    np.savez(stream := io.BytesIO(), allow_pickle=False, **arrays)
    return stream.getvalue()


def test_a_header_that_lies_is_told(tmp_path: Path) -> None:
    # A 3 becomes a 2: the array would be read without its last images.
    lies = saved(x=IMAGES.repeat(100, 0), y=LABELS).replace(b"(300, 28, 28)", b"(200, 28, 28)")
    (tmp_path / "my.npz").write_bytes(lies)
    with pytest.raises(StageError, match=r"my\.npz: cannot be read as \.npz: Bad CRC-32 for file"):
        npz.read(tmp_path / "my.npz", tmp_path)


@pytest.mark.parametrize(
    "original", [idx_bytes(IMAGES), gzip.compress(idx_bytes(IMAGES)), saved(x=IMAGES, y=LABELS)]
)
def test_damaged_files_give_the_right_arrays_or_an_error(tmp_path: Path, original: bytes) -> None:
    file = tmp_path / "file.gz"
    for case in range(CASES):
        draw = random.Random(case)  # noqa: S311 - the same cases on every run
        content = bytearray(original)
        # Bytes are deleted, inserted or overwritten at one to three places.
        for _ in range(draw.randint(1, 3)):
            # Headers are at the start and, in a zip, at the end: most of the damage goes there.
            anywhere = draw.randrange(len(content) + 1)
            place = draw.choice([anywhere % 32, max(len(content) - anywhere % 256, 0), anywhere])
            new = draw.choice([b"", b"\xff" * 4, bytes(4), draw.randbytes(draw.randint(1, 9))])
            lost = draw.choice([0, len(new), len(new), 1, len(content)])
            content[place : place + lost] = new
        file.write_bytes(content)
        message = str(file)
        try:
            if original[:2] == b"PK":
                # A zip's checksums cover its arrays: what can be read is what was written.
                check(npz.read(file, tmp_path), ["train"], split=False)
            else:
                images = idx.read_file(file, "images", tmp_path)
                plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
                assert plain == idx_bytes(images)
        except StageError as error:
            message = str(error)
        assert re.fullmatch(f".*{file}.*", message)
