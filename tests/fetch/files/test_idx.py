"""The IDX reader, on files written by hand; damaged ones are in test_readers_fuzz.py."""

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.files.idx import read_folder
from tests.support.handmade import digits, idx_bytes

# Two images: a black one with a first pixel of 7, and a white one; their labels are 3 and 9.
IMAGES = struct.pack(">4B3I", 0, 0, 8, 3, 2, 20, 30) + b"\7" + bytes(599) + b"\xff" * 600
LABELS = struct.pack(">4BI", 0, 0, 8, 1, 2) + b"\3\t"
NAMES = TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def test_two_images_written_by_hand_are_read(tmp_path: Path) -> None:
    (tmp_path / TRAIN_IMAGES).write_bytes(IMAGES)
    # Compressed, though its name does not say so.
    (tmp_path / TRAIN_LABELS).write_bytes(gzip.compress(LABELS))
    (tmp_path / "scratch").mkdir()
    data = read_folder(tmp_path, tmp_path / "scratch")
    images = np.concatenate(list(data.chunks()))
    assert images.reshape(2, 600).tolist() == [[7] + [0] * 599, [255] * 600]
    assert data.labels.tolist() == [0, 1]
    assert (data.image, data.classes, data.parts) == ((20, 30, 1), ["3", "9"], {})


@pytest.mark.parametrize("dash", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
def test_every_spelling_and_every_type_of_number_is_read(
    tmp_path: Path, dash: str, end: str, dtype: str
) -> None:
    # The last dimension is the channels. handmade.digits starts each image at its label.
    halves = {"t10k": digits(5, 6), "train": digits(1, 2, 3)}
    for half, (images, labels) in halves.items():
        colours = images.reshape(-1, 14, 56).astype(dtype)[..., np.newaxis].repeat(3, -1)
        for name, values in (("images", colours), ("labels", labels.astype("i2"))):
            content = idx_bytes(values)
            file = tmp_path / f"{half}-{name}{dash}idx{values.ndim}-ubyte{end}"
            file.write_bytes(gzip.compress(content) if end else content)
    (tmp_path / "scratch").mkdir()
    data = read_folder(tmp_path, tmp_path / "scratch")
    expected = np.concatenate([halves["train"][0], halves["t10k"][0]]).reshape(-1, 14, 56, 1)
    np.testing.assert_array_equal(np.concatenate(list(data.chunks())), expected.repeat(3, -1))
    assert [data.classes[label] for label in data.labels] == ["1", "2", "3", "5", "6"]
    assert data.parts == {"train": 3, "test": 2}


@pytest.mark.parametrize("half", ["train", "t10k"])
@pytest.mark.parametrize("lost", ["images-idx3", "labels-idx1"])
def test_a_missing_file_is_named(tmp_path: Path, half: str, lost: str) -> None:
    for name in {*NAMES, *(name.replace("train", half) for name in NAMES)}:
        (tmp_path / name).write_bytes(IMAGES if "images" in name else LABELS)
    (tmp_path / f"{half}-{lost}-ubyte").unlink()
    with pytest.raises(StageError, match=f"no file {half}-{lost}-ubyte, with .gz or without"):
        read_folder(tmp_path, tmp_path)


WRONG = {
    "empty": (b"", "starts with nothing; IDX files of images start with 00 00 08 03, of labels"),
    "text": (b"image,label\n" * 9, "starts with 69 6d 61 67;"),
    "labels": (LABELS, "starts with 00 00 08 01;"),
    "cut in the pixels": (IMAGES[:-1], "cut short: its header promises 1200 bytes, 1199 follow"),
    "cut gzip": (gzip.compress(IMAGES)[:-9], "damaged or cut short (Compressed file ended"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / TRAIN_IMAGES).write_bytes(content)
    (tmp_path / TRAIN_LABELS).write_bytes(LABELS)
    (tmp_path / "scratch").mkdir()
    with pytest.raises(StageError, match=f"{TRAIN_IMAGES}: .*{re.escape(message)}"):
        read_folder(tmp_path, tmp_path / "scratch")
