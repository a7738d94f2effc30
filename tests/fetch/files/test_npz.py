"""The .npz reader: which arrays it takes, and what it makes of a wrong file."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.files import npz
from stages.fetch.images import LabelledImages
from tests.support.handmade import digits

IMAGES, LABELS = digits(4, 0)
TEST_IMAGES, TEST_LABELS = digits(7)


def read(path: Path) -> tuple[np.ndarray, LabelledImages]:
    """Return the images in *path*, all at once, and the rest."""
    data = npz.read(path, path.parent)
    return np.concatenate(list(data.chunks())), data


@pytest.mark.parametrize(("x", "y"), [("images", "labels"), ("x", "y"), ("x_train", "y_train")])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_pair_of_arrays_is_read(tmp_path: Path, x: str, y: str, order: Any) -> None:
    other = np.array(["others are passed over", {"even": "objects"}], "O")
    arrays: dict[str, Any] = {x: np.asarray(IMAGES, order=order), y: LABELS, "notes": other}
    np.savez(tmp_path / "my.npz", **arrays)
    images, data = read(tmp_path / "my.npz")
    np.testing.assert_array_equal(images[..., 0], IMAGES)
    assert [data.classes[label] for label in data.labels] == ["4", "0"]
    assert data.parts == ({"train": 2} if x == "x_train" else {})


def test_keras_names_give_the_datas_own_split_training_images_first(tmp_path: Path) -> None:
    parts = {"test": digits(7), "val": digits(5, 5), "train": digits(4, 0, 0)}
    arrays: dict[str, Any] = {
        f"{kind}_{part}": of[i] for part, of in parts.items() for i, kind in enumerate("xy")
    }
    np.savez_compressed(tmp_path / "my.npz", **arrays)
    images, data = read(tmp_path / "my.npz")
    assert [data.classes[label] for label in data.labels] == ["4", "0", "0", "5", "5", "7"]
    assert images[:, 0, 0, 0].tolist() == [4, 0, 0, 5, 5, 7]
    assert data.parts == {"train": 3, "validation": 2, "test": 1}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "other names": ({"a": IMAGES, "b": LABELS}, "expected arrays named images, labels; x, y; .* b"),
    "half a test set": (
        {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES},
        "found x_test alone; expected x_test and y_test",
    ),
    "half a pair": ({"labels": LABELS}, "found labels alone; expected images and labels"),
    "counts": ({"x": IMAGES, "y": TEST_LABELS}, "x and y: 2 images but 1 labels"),
}


@pytest.mark.parametrize(("arrays", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_arrays_are_named(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    path = tmp_path / "my.npz"
    np.savez(path, **arrays)
    with pytest.raises(StageError, match=f"^{path}: {message}"):
        read(path)


def test_a_file_that_is_no_npz_is_told_in_one_line(tmp_path: Path) -> None:
    path, stream = tmp_path / "my.npz", io.BytesIO()
    np.savez(stream, images=IMAGES, labels=LABELS)
    whole = stream.getvalue()
    # In the header a 2 becomes a 1, so that the array would be read without its last image.
    shorter = whole.replace(b"(2, 28, 28)", b"(1, 28, 28)")
    for content, reason in (
        (b"<html>not found</html>", "File is not a zip file"),
        (whole[:-30], "File is not a zip file"),
        (shorter, "Bad CRC-32 for file 'images.npy'"),
    ):
        path.write_bytes(content)
        with pytest.raises(StageError) as caught:
            read(path)
        assert str(caught.value) == f"{path}: cannot be read as .npz: {reason}"
