"""The .npz reader: which arrays it takes, what it makes of their numbers, what it refuses."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import npz
from stages.fetch.convert import to_labels, to_pixels
from tests.handmade import digits


def npy(array: np.ndarray) -> bytes:
    """Return *array* as a ``.npy`` file."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip of *members*, each under its name with ``.npy``; return *path*."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def header(shape: str, code: str = "|u1") -> bytes:
    """Return the header of a ``.npy`` file, version 1.0, written by hand."""
    text = f"{{'descr': '{code}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(("x", "y"), [("images", "labels"), ("x", "y"), ("x_train", "y_train")])
def test_one_pair_of_arrays_is_read(tmp_path: Path, x: str, y: str) -> None:
    images, labels = digits(4, 0)
    arrays: dict[str, Any] = {x: images, y: labels}
    np.savez(tmp_path / "my.npz", **arrays)
    data = npz.read(tmp_path / "my.npz")
    assert data.images.tolist() == [[i % 256 for i in range(4, 788)], [i % 256 for i in range(784)]]
    assert data.labels.tolist() == [4, 0]


def test_keras_names_give_training_images_first(tmp_path: Path) -> None:
    train, test = digits(1, 2), digits(7)
    np.savez_compressed(
        tmp_path / "mnist.npz", x_test=test[0], y_test=test[1], x_train=train[0], y_train=train[1]
    )
    data = npz.read(tmp_path / "mnist.npz")
    assert data.labels.tolist() == [1, 2, 7]
    assert data.images[:, 0].tolist() == [1, 2, 7]


@pytest.mark.parametrize("lost", ["x_test", "y_test"])
def test_half_a_test_set_is_refused_rather_than_left_out(tmp_path: Path, lost: str) -> None:
    images, labels = digits(1)
    arrays: dict[str, Any] = {
        "x_train": images,
        "y_train": labels,
        "x_test": images,
        "y_test": labels,
    }
    del arrays[lost]
    np.savez(tmp_path / "my.npz", **arrays)
    with pytest.raises(StageError, match=f"{lost}: this array is missing"):
        npz.read(tmp_path / "my.npz")


def test_fortran_order_and_a_header_by_hand_are_read(tmp_path: Path) -> None:
    images, labels = digits(3, 8)
    hand = header("(2,)") + b"\3\x08"
    zipped(tmp_path / "my.npz", {"x": npy(np.asfortranarray(images)), "y": hand})
    data = npz.read(tmp_path / "my.npz")
    np.testing.assert_array_equal(data.images, images.reshape(2, 784))
    np.testing.assert_array_equal(data.labels, labels)


def one_image(*pixels: float, dtype: str = "f8", shape: tuple[int, ...] = (1, 784)) -> np.ndarray:
    """Return one black image whose first pixels are *pixels*."""
    return np.array([*pixels, *[0] * (784 - len(pixels))], dtype).reshape(shape)


# Worked by hand: 0.5 * 255 = 127.5 goes to the even 128; 254.4 goes to 254.
CONVERTED = {
    "uint8": (one_image(7, 255, dtype="u1"), [7, 255]),
    "int64": (one_image(7, 255, dtype="i8"), [7, 255]),
    "uint16, big-endian": (one_image(7, 255, dtype=">u2"), [7, 255]),
    "floats to 1": (one_image(0.5, 1, 7 / 255, dtype="f4"), [128, 255, 7]),
    "half floats to 1": (one_image(1, 7 / 255, dtype="f2"), [255, 7]),
    "floats to 255": (one_image(0.5, 1.5, 254.4), [0, 2, 254]),
    "black floats": (one_image(0.0), [0]),
}


@pytest.mark.parametrize(("array", "first"), CONVERTED.values(), ids=CONVERTED)
@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 28, 28, 1), (1, 784)])
def test_pixels_become_uint8(array: np.ndarray, first: list[int], shape: tuple[int, ...]) -> None:
    pixels = to_pixels(array.reshape(shape), "x")
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == [first + [0] * (784 - len(first))]


REFUSED_PIXELS = {
    "nan": (one_image(0, float("nan")), r"pixel nan in the image at index 0"),
    "infinity": (one_image(0, float("inf")), r"pixel inf in the image at index 0"),
    "-1": (np.concatenate([one_image(0), one_image(-1)]), r"pixel -1\.0 in the image at index 1"),
    "256": (one_image(256, dtype="i2"), "pixel 256 in the image"),
    "32 x 32": (np.zeros((1, 32, 32)), r"shape \(1, 32, 32\)"),
    "colour": (np.zeros((1, 28, 28, 3)), r"shape \(1, 28, 28, 3\)"),
    "one number": (np.zeros(()), r"shape \(\)"),
    "complex": (one_image(0, dtype="c8"), "type complex64"),
    "text": (np.full((1, 784), "0"), "type <U1"),
    "none": (np.zeros((0, 784), "u1"), "no images at all"),
}


@pytest.mark.parametrize(("array", "message"), REFUSED_PIXELS.values(), ids=REFUSED_PIXELS)
def test_what_is_no_image_is_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(StageError, match=message):
        to_pixels(array, "x")


@pytest.mark.parametrize("dtype", ["?", "i8", "f4"])
def test_one_hot_rows_become_labels(dtype: str) -> None:
    rows = [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]
    assert to_labels(np.array(rows, dtype), "y").tolist() == [3, 9]


REFUSED_LABELS = {
    "10": (np.array([0, 10]), "label 10 at index 1"),
    "-1": (np.array([0, 1, -1], "i1"), "label -1 at index 2"),
    "floats": (np.array([1.0]), r"float64 values of shape \(1,\)"),
    "column": (np.array([[1]]), r"int64 values of shape \(1, 1\)"),
    "text": (np.array(["1"]), "<U1 values"),
    "two-hot": (np.eye(10)[[0, 1]] + np.eye(10)[[0, 2]], r"at index 0 is not one-hot"),
    "none hot": (np.zeros((1, 10)), "at index 0 is not one-hot"),
}


@pytest.mark.parametrize(("array", "message"), REFUSED_LABELS.values(), ids=REFUSED_LABELS)
def test_what_is_no_label_is_refused(array: np.ndarray, message: str) -> None:
    with pytest.raises(StageError, match=message):
        to_labels(array, "y")


LABEL = npy(np.array([3], "u1"))
IMAGE = npy(digits(3)[0])
OBJECTS = npy(np.array([{}], object))
REFUSED_FILES: dict[str, tuple[dict[str, bytes], str]] = {
    "other names": (
        {"a": IMAGE, "b": LABEL},
        "expected arrays named images, labels; x, y; .* a, b",
    ),
    "counts": ({"x": IMAGE, "y": npy(np.array([1, 2]))}, "1 images but 2 labels"),
    "objects": ({"x": IMAGE, "y": OBJECTS}, "y: pickled objects are not read"),
    "not npy": ({"x": b"hello", "y": LABEL}, "x: its .npy header cannot be read"),
    "cut": ({"x": IMAGE[:-1], "y": LABEL}, r"x: its header promises \(1, 28, 28\) of uint8"),
    "longer": ({"x": IMAGE + b"\0", "y": LABEL}, "x: its header promises"),
    "lie": ({"x": header("(9999999999, 784)") + bytes(784), "y": LABEL}, "x: its header promises"),
    "negative": ({"x": header("(-1, 784)") + bytes(784), "y": LABEL}, "x: its header promises"),
    "deep": ({"x": header("-" * 9000 + "1"), "y": LABEL}, "x: its .npy header cannot be read"),
}


@pytest.mark.parametrize(("members", "message"), REFUSED_FILES.values(), ids=REFUSED_FILES)
def test_a_wrong_archive_is_told_in_one_line(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    path = zipped(tmp_path / "my.npz", members)
    with pytest.raises(StageError, match=message) as caught:
        npz.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "my.npz", {"x": IMAGE, "y": LABEL}, zipfile.ZIP_STORED)
    whole = path.read_bytes()
    flipped = whole.index(IMAGE) + 500
    for content in (b"", whole[:-30], whole[:flipped] + b"\xaa" + whole[flipped + 1 :]):
        path.write_bytes(content)
        with pytest.raises(StageError, match="damaged or cut short"):
            npz.read(path)


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "my.npz", {"x": IMAGE, "y": LABEL}, zipfile.ZIP_LZMA)
    with pytest.raises(StageError, match="not compressed with deflate"):
        npz.read(path)


def test_a_bomb_does_not_fill_the_memory(tmp_path: Path) -> None:
    black = header("(250000, 784)") + bytes(250_000 * 784)
    path = zipped(tmp_path / "my.npz", {"x": black, "y": LABEL})
    del black
    tracemalloc.start()
    try:
        with pytest.raises(StageError, match=r"promises 1960000\d\d bytes"):
            npz.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
