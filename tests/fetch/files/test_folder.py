"""A folder of image files, one sub-folder a class: values worked by hand."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.common.errors import StageError
from stages.fetch.files import folder
from stages.fetch.images import LabelledImages
from tests.support.handmade import flat, two_pictures, write_files

Files = dict[str, Image.Image | bytes]


def read(
    place: Path, files: Files, size: int | None = None
) -> tuple[np.ndarray, list[str], LabelledImages]:
    """Return the images of these *files*, each one's class, and the rest."""
    write_files(place, files)
    data = folder.read(place, size)
    classes = [data.classes[label] for label in data.labels]
    return np.concatenate(list(data.chunks())), classes, data


def palette(colours: list[int], **options: Any) -> bytes:
    """Return a PNG file whose pixels all are the second colour of a palette."""
    image, stream = flat(1, "P"), io.BytesIO()
    image.putpalette(colours)
    image.save(stream, "PNG", **options)
    return stream.getvalue()


# By ending of the file: the image, and the value of its pixels.
VALUES: list[tuple[str, Image.Image | bytes, list[int]]] = [
    ("png", flat(7), [7]),
    ("bmp", flat(7), [7]),
    ("jpg", flat(7), [7]),
    # Of a camera's two pictures the first counts.
    ("jpg", two_pictures("MPO"), [100]),
    ("png", flat(1, "1"), [255]),
    ("bmp", flat(0, "1"), [0]),
    # The upper eight of 16 bits: 1000 is 3 times 256 and some.
    ("png", flat(1000, "I;16"), [3]),
    ("png", flat(65535, "I;16"), [255]),
    ("png", flat((7, 0), "LA"), [255]),
    # 255 - 128 of white, 128 of black.
    ("png", flat((0, 128), "LA"), [127]),
    ("png", flat((1, 2, 3), "RGB"), [1, 2, 3]),
    ("bmp", flat((1, 2, 3), "RGB"), [1, 2, 3]),
    ("JPEG", flat((90, 90, 90), "RGB"), [90, 90, 90]),
    ("webp", flat((1, 2, 3), "RGB"), [1, 2, 3]),
    ("webp", flat(7), [7, 7, 7]),
    ("png", flat((1, 2, 3, 0), "RGBA"), [255, 255, 255]),
    ("webp", flat((0, 0, 255, 128), "RGBA"), [127, 127, 255]),
    # Without red, all green and blue: no cyan is all of red.
    ("jpg", flat((255, 0, 0, 0), "CMYK"), [0, 255, 255]),
    ("png", palette([9, 9, 9, 1, 2, 3]), [1, 2, 3]),
    ("png", palette([9, 9, 9, 1, 2, 3], transparency=1), [255, 255, 255]),
]


@pytest.mark.parametrize(("suffix", "image", "value"), VALUES)
def test_images_are_grey_if_all_are_stored_so_else_in_colour(
    tmp_path: Path, suffix: str, image: Any, value: list[int]
) -> None:
    images, *_ = read(tmp_path, {"a/1.png": flat(1000, "I;16"), f"b/1.{suffix}": image})
    assert images.shape == (2, 2, 3, len(value))
    assert np.unique(images[0]) == [3]
    # The last bit is lost between JPEG's colours and ours.
    assert np.abs(images[1].astype(int) - value).max() <= (suffix in ("jpg", "JPEG"))


UPRIGHT = np.array([[10, 50], [170, 90], [210, 130]], np.uint8)
# By what the camera notes, how the picture stands in the file.
STORED = {
    1: UPRIGHT, 2: UPRIGHT[:, ::-1], 3: UPRIGHT[::-1, ::-1], 4: UPRIGHT[::-1],
    5: UPRIGHT.T, 6: np.rot90(UPRIGHT), 7: UPRIGHT[::-1, ::-1].T, 8: np.rot90(UPRIGHT, -1),
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("noted", STORED)
def test_images_are_turned_as_the_camera_noted(tmp_path: Path, suffix: str, noted: int) -> None:
    # 8 by 8 pixels of each value.
    image = Image.fromarray(STORED[noted].repeat(8, 0).repeat(8, 1))
    image.getexif()[0x0112] = noted
    # Another one of 16 by 24 pixels as it stands: both have one size.
    files: Files = {f"a/1.{suffix}": image, "b/1.png": Image.new("L", (16, 24))}
    images, *_ = read(tmp_path, files)
    # In the middle of each block; JPEG changes values by a few.
    assert np.abs(images[0, 4::8, 4::8, 0].astype(int) - UPRIGHT).max() <= 3
    # Black is added to the upright picture: left and right.
    images, *_, data = read(tmp_path, files, size=6)
    assert images.shape[1:3] == data.image[:2] == (6, 6)
    assert images[0].any(axis=(0, 2)).tolist() == [False, True, True, True, True, False]


def test_classes_take_turns_so_that_the_first_images_are_of_all(tmp_path: Path) -> None:
    # Whatever the name of a class.
    a, b, c = 'a, "b"', "it's\ntwo lines", "Ünï 猫"
    files: Files = {
        f"{a}/1.png": flat(10), f"{a}/2.png": flat(11), f"{a}/deep/er/3.png": flat(12),
        f"{b}/only.png": flat(20),
        f"{c}/1.png": flat(30), f"{c}/2.png": flat(31), f"{c}/.hidden.png": b"",
        f"{c}/.thumbs/1.png": b"", ".git/x.png": b"", "README.md": b"",
    }  # fmt: skip
    images, classes, data = read(tmp_path, files)
    assert images[:, 0, 0, 0].tolist() == [10, 20, 30, 11, 31, 12]
    assert classes == [a, b, c, a, c, a]
    assert data.parts == {}


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Train", "VALIDATION", "Test")])
def test_folders_above_the_classes_are_the_datas_own_split(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    train, val, test = names
    files: Files = {
        f"{test}/b/1.png": flat(5), f"{test}/c/1.png": flat(6),
        f"{train}/a/1.png": flat(1), f"{train}/b/1.png": flat(2), f"{train}/a/2.png": flat(3),
        f"{val}/a/1.png": flat(4),
    }  # fmt: skip
    images, classes, data = read(tmp_path, files)
    assert images[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6]
    # A class may be in some parts alone.
    assert classes == ["a", "b", "a", "a", "b", "c"]
    assert data.parts == {"train": 3, "validation": 1, "test": 2}


PETS: Files = {"cat/1.png": flat(1), "dog/1.png": flat(2)}
# Beside what the table of docs/images.md has, for which see test_images_page.py.
WRONG: list[tuple[Files, str]] = [
    ({}, ": no sub-folders; there must be one for each class"),
    ({**PETS, "train/cat/1.png": flat(1)}, ": cat beside train; where the data is split, its sub"),
    ({"train/a/1.png": flat(1), "test/b": b""}, "test: no sub-folders; there must be one"),
    ({"train/a/1.png": flat(1), "train/b.png": b""}, "train/b.png: an image beside the classes'"),
    ({"cat/1.png": flat(1)}, ": every label is cat; there must be two classes or more"),
    ({**PETS, "bird/.hidden.png": b""}, "bird: no image in this class; fill it with PNG, JPEG"),
    ({**PETS, "dog/2.png": flat(2, width=4)}, "dog/2.png 4 x 2; set data.size, to which all are"),
    ({**PETS, "dog/2.webp": two_pictures("WEBP")}, "dog/2.webp: animated; keep one image of it"),
    ({**PETS, "dog/2.png": b"GIF89a"}, "dog/2.png: damaged, or no PNG, JPEG, WebP or BMP file"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "message"), WRONG)
def test_what_is_wrong_is_told(tmp_path: Path, files: Files, message: str) -> None:
    with pytest.raises(StageError, match=re.escape(message)) as caught:
        read(tmp_path, files)
    assert str(tmp_path) in str(caught.value)
