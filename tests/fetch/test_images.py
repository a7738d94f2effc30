"""Arrays as people keep them, in one form: pixels and labels worked by hand."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stages.common import arrays
from stages.common.errors import StageError
from stages.fetch.images import Part, labelled, to_classes


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have images looked at one at a time, so that what holds does so wherever one stands."""
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1)


@pytest.mark.parametrize(
    ("pixels", "dtype", "expected"),
    [
        ([7, 255], ">i4", [7, 255]),
        # 0.5 * 255 = 127.5 goes to the even 128; 0.5 goes to 0, 254.4 to 254.
        ([0.5, 1, 7 / 255], "f4", [128, 255, 7]),
        ([0.5, 1.5, 254.4], ">f8", [0, 2, 254]),
        *(([1, 0, 1], dtype, [255, 0, 255]) for dtype in ("?", "i1", "u1", "i8")),
    ],
)
@pytest.mark.parametrize("shape", [(36,), (4, 9), (4, 9, 1), (4, 3, 3)])
def test_pixels_of_every_type_and_shape_become_uint8(
    pixels: list[float], dtype: str, expected: list[int], shape: tuple[int, ...]
) -> None:
    # The scale is that of all parts: the second is black, which alone would tell nothing.
    values = np.zeros((2, 36), dtype)
    values[1, : len(pixels)] = pixels
    parts = [Part(given.reshape(2, *shape), np.arange(2), "x") for given in (values, values * 0)]
    data = labelled(dict(zip("ab", parts, strict=True)))
    images = np.concatenate(list(data.chunks()))
    assert images.dtype == np.uint8
    assert images.shape == (4, *((6, 6) if shape == (36,) else shape[:2]), *(shape[2:] or (1,)))
    assert images.reshape(4, 36)[1].tolist() == expected + [0] * (36 - len(expected))
    assert not images[[0, 2, 3]].any()


@pytest.mark.parametrize(
    ("arrays", "labels", "names"),
    [
        # Numbers need not follow one another; between parts their types may differ.
        ([np.array([7, 0], "u8"), np.array([30], ">i2")], [1, 0, 2], ["0", "7", "30"]),
        ([np.array([[7], [3]]), np.array([3])], [1, 0, 0], ["3", "7"]),
        ([np.array(["b", "Ä, c"]), np.array(["aa"])], [1, 2, 0], ["aa", "b", "Ä, c"]),
        ([np.eye(4)[[3, 1]], np.eye(4, dtype="?")[[1]]], [3, 1, 1], list("0123")),
        ([np.arange(1000), np.array([999])], [*range(1000), 999], [str(i) for i in range(1000)]),
    ],
)
def test_labels_count_the_classes(
    arrays: Sequence[np.ndarray], labels: list[int], names: list[str]
) -> None:
    found, classes = to_classes(arrays, ["x", "y"])
    assert found.tolist() == labels
    assert classes == names


LABELS = np.repeat(np.arange(10, dtype=np.uint8), 2)
TWO_HOT = np.eye(10)[LABELS]
TWO_HOT[2, 8] = 1
# An image beside what the table of docs/images.md has, for which see test_images_page.py.
OUTSIDE = np.zeros((20, 6, 6))
OUTSIDE[3, 5, 5] = -0.5
SHAPES = "images are (n, height, width), grey, or (n, height, width, 3)"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"images": OUTSIDE}, "pixel -0.5 in the image at index 3; pixels are 0 to 255, or floats"),
        ({"images": np.zeros((20, 5))}, f"shape (20, 5); {SHAPES}"),
        ({"images": np.zeros((20, 28, 28, 4))}, f"shape (20, 28, 28, 4); {SHAPES}"),
        ({"images": np.zeros((0, 6, 6))}, f"shape (0, 6, 6); {SHAPES}"),
        ({"images": np.full((20, 6, 6), "1")}, "values of type <U1; pixels are integers or fl"),
        ({"labels": LABELS[1:]}, "20 images but 19 labels; there must be one for each"),
        ({"labels": TWO_HOT}, f"label {TWO_HOT[2].tolist()} at index 2 is not one-hot"),
        ({"labels": np.uint8(1)}, "uint8 values of shape (); labels are whole numbers (n,), "),
        ({"labels": LABELS.astype("U1")}, "labels are words, those of the first numbers"),
    ],
)
def test_what_is_wrong_is_told(wrong: dict[str, Any], message: str) -> None:
    right: dict[str, Any] = {"images": np.zeros((20, 6, 6)), "labels": LABELS}
    parts = {"a": Part(**right, where="the first"), "b": Part(**right | wrong, where="mine")}
    with pytest.raises(StageError, match=f"^{re.escape(f'mine: {message}')}"):
        labelled(parts)
