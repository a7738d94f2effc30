"""The IDX reader, on files written by hand; through the stage, as a user has it read them."""

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.files.idx import read_folder
from stages.fetch.images import LabelledImages
from tests.support.handmade import digits, idx_bytes

# Two images: a black one with a first pixel of 7, and a white one; their labels are 3 and 9.
IMAGES = struct.pack(">4B3I", 0, 0, 8, 3, 2, 20, 30) + b"\7" + bytes(599) + b"\xff" * 600
LABELS = struct.pack(">4BI", 0, 0, 8, 1, 2) + b"\3\t"
NAME = "train-images-idx3-ubyte"


def write(folder: Path, images: bytes = IMAGES) -> None:
    """Write a training half into *folder*, its labels compressed though their name says nothing."""
    (folder / NAME).write_bytes(images)
    (folder / "train-labels-idx1-ubyte").write_bytes(gzip.compress(LABELS))


def read(folder: Path) -> tuple[np.ndarray, LabelledImages]:
    """Return the images in *folder*, all at once, and the rest."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    data = read_folder(folder, scratch)
    return np.concatenate(list(data.chunks())), data


def test_two_images_written_by_hand_are_read(tmp_path: Path) -> None:
    write(tmp_path)
    images, data = read(tmp_path)
    assert images.dtype == np.uint8
    assert images.shape == (2, 20, 30, 1)
    assert images.reshape(2, 600).tolist() == [[7] + [0] * 599, [255] * 600]
    assert data.labels.tolist() == [0, 1]
    assert (data.image, data.classes, data.parts) == ((20, 30, 1), ["3", "9"], {})


@pytest.mark.parametrize("dash", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_training_images_come_first_in_every_spelling(tmp_path: Path, dash: str, end: str) -> None:
    for part, labels in (("t10k", (5, 6)), ("train", (1, 2, 3))):
        images, numbers = digits(*labels)
        for name, values in ((f"images{dash}idx3", images), (f"labels{dash}idx1", numbers)):
            content = idx_bytes(values)
            file = tmp_path / f"{part}-{name}-ubyte{end}"
            file.write_bytes(gzip.compress(content) if end else content)
    read_images, data = read(tmp_path)
    assert [data.classes[label] for label in data.labels] == ["1", "2", "3", "5", "6"]
    # handmade.digits starts each image at its label.
    assert read_images[:, 0, 0, 0].tolist() == [1, 2, 3, 5, 6]
    assert data.parts == {"train": 3, "test": 2}


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
def test_every_type_of_number_and_three_channels_are_read(tmp_path: Path, dtype: str) -> None:
    colours = np.arange(2 * 2 * 4 * 3).reshape(2, 2, 4, 3)
    (tmp_path / "train-images-idx4-ubyte").write_bytes(idx_bytes(colours.astype(dtype)))
    labels = idx_bytes(np.array([999, 0], "i2"))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)
    images, data = read(tmp_path)
    np.testing.assert_array_equal(images, colours)
    assert (data.labels.tolist(), data.classes) == ([1, 0], ["0", "999"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for lost, present in (("images-idx3", "labels-idx1"), ("labels-idx1", "images-idx3")):
        for part in ("train", "t10k"):
            folder = tmp_path / f"{part}-{lost}"
            folder.mkdir()
            write(folder)
            (folder / f"{part}-{present}-ubyte").touch()
            (folder / f"{part}-{lost}-ubyte").unlink(missing_ok=True)
            with pytest.raises(StageError, match=f"no file {part}-{lost}-ubyte, with .gz or"):
                read(folder)


WRONG = {
    "empty": (b"", "starts with nothing; IDX files of images start with 00 00 08 03, of labels"),
    "text": (b"image,label\n" * 9, "starts with 69 6d 61 67;"),
    "no type": (IMAGES[:2] + b"\x0a" + IMAGES[3:], "starts with 00 00 0a 03;"),
    "cut in the header": (IMAGES[:15], "empty or cut short: its header promises 0 bytes, 0 follow"),
    "cut in the pixels": (IMAGES[:-1], "its header promises 1200 bytes, 1199 follow"),
    "a byte too many": (IMAGES + b"\0", "its header promises 1200 bytes, 1201 follow"),
    "two channels": (idx_bytes(np.zeros((2, 9, 9, 2), "u1")), "shape (2, 9, 9, 2); images are"),
    "labels": (LABELS, "starts with 00 00 08 01;"),
    "one image": (idx_bytes(digits(3)[0]), "1 images but 2 labels"),
    "cut gzip": (gzip.compress(IMAGES)[:-9], "damaged or cut short (Compressed file ended"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes, message: str
) -> None:
    write(tmp_path, content)
    with pytest.raises(StageError, match=f"{NAME}.*: .*{re.escape(message)}"):
        read(tmp_path)
