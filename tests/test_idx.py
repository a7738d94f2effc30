"""The IDX reader, on files written by hand; through the stage, as a user has it read them."""

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.__main__ import read_path
from tests.handmade import digits, idx_bytes

# Two images: a black one with a first pixel of 7, and a white one; their labels are 3 and 9.
IMAGES = struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28) + b"\7" + bytes(783) + b"\xff" * 784
LABELS = struct.pack(">4BI", 0, 0, 8, 1, 2) + b"\3\t"
NAME = "train-images-idx3-ubyte"


def write(folder: Path, images: bytes = IMAGES) -> None:
    """Write a training half into *folder*, its labels compressed though their name says nothing."""
    (folder / NAME).write_bytes(images)
    (folder / "train-labels-idx1-ubyte").write_bytes(gzip.compress(LABELS))


def test_two_images_written_by_hand_are_read(tmp_path: Path) -> None:
    write(tmp_path)
    data = read_path(str(tmp_path))
    assert data.images.dtype == data.labels.dtype == np.uint8
    assert data.images.tolist() == [[7] + [0] * 783, [255] * 784]
    assert data.labels.tolist() == [3, 9]


@pytest.mark.parametrize("dash", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_training_images_come_first_in_every_spelling(tmp_path: Path, dash: str, end: str) -> None:
    for part, labels in (("t10k", (5, 6)), ("train", (1, 2, 3))):
        images, numbers = digits(*labels)
        for name, values in ((f"images{dash}idx3", images), (f"labels{dash}idx1", numbers)):
            content = idx_bytes(values)
            file = tmp_path / f"{part}-{name}-ubyte{end}"
            file.write_bytes(gzip.compress(content) if end else content)
    data = read_path(str(tmp_path))
    assert data.labels.tolist() == [1, 2, 3, 5, 6]
    # handmade.digits starts each image at its label.
    assert data.images[:, 0].tolist() == [1, 2, 3, 5, 6]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    formats = "data.path is a folder of IDX files named as MNIST's, or an .npz file"
    with pytest.raises(StageError, match=f"no file {NAME}, with .gz or without; {formats}"):
        read_path(str(tmp_path))
    for lost, present in (("images-idx3", "labels-idx1"), ("labels-idx1", "images-idx3")):
        for part in ("train", "t10k"):
            folder = tmp_path / f"{part}-{lost}"
            folder.mkdir()
            write(folder)
            (folder / f"{part}-{present}-ubyte").touch()
            (folder / f"{part}-{lost}-ubyte").unlink(missing_ok=True)
            with pytest.raises(StageError, match=f"no file {part}-{lost}-ubyte"):
                read_path(str(folder))


WRONG = {
    "empty": (b"", "starts with nothing; IDX files of images start with 00 00 08 03, of labels"),
    "text": (b"image,label\n" * 9, "starts with 69 6d 61 67;"),
    "floats": (IMAGES[:2] + b"\x0d" + IMAGES[3:], "starts with 00 00 0d 03;"),
    "cut in the header": (IMAGES[:15], "empty or cut short: its header promises 0 bytes, 0 follow"),
    "cut in the pixels": (IMAGES[:-1], "its header promises 1568 bytes, 1567 follow"),
    "a byte too many": (IMAGES + b"\0", "its header promises 1568 bytes, 1569 follow"),
    "32 x 32": (idx_bytes(np.zeros((2, 32, 32), "u1")), "shape (2, 32, 32); images are (n, 28"),
    "labels": (LABELS, "shape (2,); images are (n, 28"),
    "one image": (idx_bytes(digits(3)[0]), "1 images but 2 labels"),
    "cut gzip": (gzip.compress(IMAGES)[:-9], "damaged or cut short (Compressed file ended"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes, message: str
) -> None:
    write(tmp_path, content)
    with pytest.raises(StageError, match=f"{NAME}.*: .*{re.escape(message)}"):
        read_path(str(tmp_path))
