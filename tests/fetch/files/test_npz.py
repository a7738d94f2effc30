"""The .npz reader: which arrays it takes, and what it makes of wrong ones."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.files import npz
from tests.support.handmade import digits

IMAGES, LABELS = digits(4, 0)
# Arrays that are passed over.
OTHER = {"notes": np.array([{"even": "objects"}], "O")}


@pytest.mark.parametrize(("x", "y"), [("images", "labels"), ("x", "y"), ("x_train", "y_train")])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_pair_of_arrays_is_read(tmp_path: Path, x: str, y: str, order: Any) -> None:
    arrays: dict[str, Any] = {x: np.asarray(IMAGES, order=order), y: LABELS, **OTHER}
    np.savez(tmp_path / "my.npz", **arrays)
    data = npz.read(tmp_path / "my.npz", tmp_path)
    np.testing.assert_array_equal(np.concatenate(list(data.chunks()))[..., 0], IMAGES)
    assert [data.classes[label] for label in data.labels] == ["4", "0"]
    assert data.parts == ({"train": 2} if x == "x_train" else {})


def test_keras_names_give_the_datas_own_split_training_images_first(tmp_path: Path) -> None:
    parts = {"test": digits(7), "val": digits(5, 5), "train": digits(4, 0, 0)}
    arrays: dict[str, Any] = {
        f"{kind}_{part}": of[i] for part, of in parts.items() for i, kind in enumerate("xy")
    }
    np.savez_compressed(tmp_path / "my.npz", **arrays)
    data = npz.read(tmp_path / "my.npz", tmp_path)
    assert [data.classes[label] for label in data.labels] == ["4", "0", "0", "5", "5", "7"]
    assert np.concatenate(list(data.chunks()))[:, 0, 0, 0].tolist() == [4, 0, 0, 5, 5, 7]
    assert data.parts == {"train": 3, "validation": 2, "test": 1}


def saved(**arrays: Any) -> bytes:
    """Return an .npz file of these *arrays*."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


# In a header a 2 becomes a 1, so that the array would be read without its last image.
SHORTER = saved(images=IMAGES, labels=LABELS).replace(b"(2, 28, 28)", b"(1, 28, 28)")
WRONG = [
    (saved(a=IMAGES, b=LABELS), "expected arrays named images, labels; x, y; "),
    (saved(x_train=IMAGES, y_train=LABELS, x_test=IMAGES),
     "found x_test alone; expected x_test and y_test"),
    (saved(images=IMAGES, labels=np.array([4, "0"], "O")),
     "cannot be read as .npz: pickled objects are not read; save arrays of numbers or words"),
    (b"<html>not found</html>", "cannot be read as .npz: File is not a zip file"),
    (SHORTER, "cannot be read as .npz: Bad CRC-32 for file 'images.npy'"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "my.npz"
    path.write_bytes(content)
    with pytest.raises(StageError, match=f"^{re.escape(f'{path}: {message}')}"):
        npz.read(path, tmp_path)
