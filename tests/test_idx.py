"""The IDX reader, on files written by hand."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.idx import read_folder, read_items
from tests.handmade import digits, idx_bytes

# Two images: a black one with a first pixel of 7, and a white one; their labels are 3 and 9.
IMAGES = struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28) + b"\7" + bytes(783) + b"\xff" * 784
LABELS = struct.pack(">4BI", 0, 0, 8, 1, 2) + b"\3\t"


def write(folder: Path, images: bytes = IMAGES, labels: bytes = LABELS, end: str = "") -> Path:
    """Write a training half into *folder* and return the folder."""
    (folder / f"train-images-idx3-ubyte{end}").write_bytes(images)
    (folder / f"train-labels-idx1-ubyte{end}").write_bytes(labels)
    return folder


def test_two_images_written_by_hand_are_read(tmp_path: Path) -> None:
    data = read_folder(write(tmp_path))
    assert data.images.dtype == data.labels.dtype == np.uint8
    assert data.images.shape == (2, 784)
    assert data.images[0].tolist() == [7] + [0] * 783
    assert data.images[1].tolist() == [255] * 784
    assert data.labels.tolist() == [3, 9]


def test_compressed_files_are_known_by_their_first_bytes_not_their_name(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(IMAGES), gzip.compress(LABELS))
    assert read_folder(tmp_path).labels.tolist() == [3, 9]


@pytest.mark.parametrize("dash", ["-", "."])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_training_images_come_first_in_every_spelling(tmp_path: Path, dash: str, end: str) -> None:
    for part, labels in (("t10k", (5, 6)), ("train", (1, 2, 3))):
        images, numbers = digits(*labels)
        for name, values in ((f"images{dash}idx3", images), (f"labels{dash}idx1", numbers)):
            content = idx_bytes(values)
            file = tmp_path / f"{part}-{name}-ubyte{end}"
            file.write_bytes(gzip.compress(content) if end else content)
    data = read_folder(tmp_path)
    assert data.labels.tolist() == [1, 2, 3, 5, 6]
    # handmade.digits starts each image at its label.
    assert data.images[:, 0].tolist() == [1, 2, 3, 5, 6]


def test_a_folder_named_like_a_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    (tmp_path / "train-images.idx3-ubyte").write_bytes(IMAGES)
    (tmp_path / "train-labels.idx1-ubyte").write_bytes(LABELS)
    assert read_folder(tmp_path).labels.tolist() == [3, 9]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train-labels-idx1-ubyte", "no file train-images-idx3-ubyte"),
        ("train-images-idx3-ubyte", "no file train-labels-idx1-ubyte"),
    ],
)
def test_half_a_training_set_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(IMAGES)
    with pytest.raises(StageError, match=message):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_half_a_test_set_is_refused_rather_than_left_out(tmp_path: Path, name: str) -> None:
    (write(tmp_path) / name).write_bytes(IMAGES)
    with pytest.raises(StageError, match="no file t10k-"):
        read_folder(tmp_path)


WRONG = {
    "empty": (b"", "cut short: 0 bytes are no whole IDX header"),
    "cut in the header": (IMAGES[:15], "cut short: 15 bytes"),
    "cut in the pixels": (IMAGES[:-1], "cut short: 1567 of the 1568 bytes"),
    "a byte too many": (IMAGES + b"\0", "more bytes than the 1568"),
    "text": (b"image,label\n" * 9, "not an IDX file: it starts with 69 6d, not 00 00"),
    "floats": (IMAGES[:2] + b"\x0d" + IMAGES[3:], "type 0x0d; expected 0x08"),
    "labels": (LABELS + bytes(99), "1 dimensions; expected 3"),
    "32 x 32": (struct.pack(">4B3I", 0, 0, 8, 3, 1, 32, 32) + bytes(1024), "32 x 32 pixels"),
    "none": (struct.pack(">4B3I", 0, 0, 8, 3, 0, 28, 28), "0 images but 2 labels"),
    "one": (IMAGES[:7] + b"\1" + IMAGES[8:800], "1 images but 2 labels"),
}


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_images_file_is_told_in_one_line(
    tmp_path: Path, content: bytes, message: str, compress: bool
) -> None:
    write(tmp_path, gzip.compress(content) if compress else content)
    with pytest.raises(StageError, match=message) as caught:
        read_folder(tmp_path)
    assert "train-images-idx3-ubyte" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_label_above_nine_is_named_with_its_index(tmp_path: Path) -> None:
    write(tmp_path, labels=LABELS[:-1] + b"\x0a")
    with pytest.raises(StageError, match=r"label 10 at index 1; labels are 0 to 9"):
        read_folder(tmp_path)


def test_no_images_at_all_are_refused(tmp_path: Path) -> None:
    write(tmp_path, struct.pack(">4B3I", 0, 0, 8, 3, 0, 28, 28), struct.pack(">4BI", 0, 0, 8, 1, 0))
    with pytest.raises(StageError, match="no images at all"):
        read_folder(tmp_path)


@pytest.mark.parametrize("wrong", ["cut", "checksum", "garbage"])
def test_a_broken_gzip_is_refused(tmp_path: Path, wrong: str) -> None:
    whole = gzip.compress(IMAGES)
    broken = {
        "cut": whole[:-9],
        "checksum": whole[:-8] + bytes(4) + whole[-4:],
        "garbage": whole + b"garbage",
    }
    write(tmp_path, broken[wrong], end=".gz")
    with pytest.raises(StageError, match=r"train-images-idx3-ubyte\.gz: damaged or cut short"):
        read_folder(tmp_path)


LIE = struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 28, 28)
BOMBS = {
    "plain header promises terabytes": (LIE + bytes(784), "cut short"),
    "gzip header promises terabytes": (gzip.compress(LIE + bytes(784)), "promises"),
    "gzip holds more than promised": (gzip.compress(IMAGES + bytes(200 << 20), 1), "more bytes"),
    # As many zeros as promised, 1000 times the size of the file.
    "gzip of black images": (
        gzip.compress(struct.pack(">4B3I", 0, 0, 8, 3, 250_000, 28, 28) + bytes(784 * 250_000), 9),
        "promises 196000000 bytes",
    ),
}


@pytest.mark.parametrize(("content", "message"), BOMBS.values(), ids=BOMBS)
def test_a_lying_header_does_not_fill_the_memory(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "train-images-idx3-ubyte"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(StageError, match=message):
            read_items(file, (28, 28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
