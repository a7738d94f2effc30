"""A folder of image files, one sub-folder for each class: values worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.fetch.files import folder
from stages.fetch.images import LabelledImages
from tests.support.handmade import flat, two_pictures, write_files

Files = dict[str, Image.Image | bytes]


def read(place: Path, files: Files, size: int | None = None) -> tuple[np.ndarray, LabelledImages]:
    """Return the images in *files*, and all that is read."""
    write_files(place, files)
    data = folder.read(place, size)
    return np.concatenate(list(data.chunks())), data


PALETTE = flat(1, "P")
PALETTE.putpalette([9, 9, 9, 1, 2, 3])
TRANSPARENT = PALETTE.copy()
TRANSPARENT.info["transparency"] = 1
# A file's extension, its image, and the value of its pixels.
VALUES: list[tuple[str, Image.Image | bytes, list[int]]] = [
    ("bmp", flat(7), [7]),
    # Of a camera's two pictures, the first counts.
    ("jpg", two_pictures("MPO"), [100]),
    ("png", flat(1, "1"), [255]),
    ("png", flat((7, 0), "LA"), [255]),
    # 255 - 128 of white, 128 of black.
    ("png", flat((0, 128), "LA"), [127]),
    ("png", flat((1, 2, 3), "RGB"), [1, 2, 3]),
    ("JPEG", flat((90, 90, 90), "RGB"), [90, 90, 90]),
    ("webp", flat(7), [7, 7, 7]),
    ("webp", flat((0, 0, 255, 128), "RGBA"), [127, 127, 255]),
    # Cyan removes red; green and blue are at their full value.
    ("jpg", flat((255, 0, 0, 0), "CMYK"), [0, 255, 255]),
    ("png", PALETTE, [1, 2, 3]),
    ("png", TRANSPARENT, [255, 255, 255]),
]


@pytest.mark.parametrize(("suffix", "image", "value"), VALUES)
def test_images_are_grey_if_all_are_stored_so_else_in_colour(
    tmp_path: Path, suffix: str, image: Any, value: list[int]
) -> None:
    # The upper 8 of 16 bits: 1000 // 256 is 3.
    images, _ = read(tmp_path, {"a/1.png": flat(1000, "I;16"), f"b/1.{suffix}": image})
    assert images.shape == (2, 2, 3, len(value))
    assert np.unique(images[0]) == [3]
    # JPEG's colours may be off by 1.
    assert np.abs(images[1].astype(int) - value).max() <= (suffix in ("jpg", "JPEG"))


UPRIGHT = np.array([[10, 50], [170, 90], [210, 130]], np.uint8)
# By the camera's orientation tag: how the picture is stored in the file.
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
    # Another one of 16 by 24 pixels: upright, both have the same size.
    files: Files = {f"a/1.{suffix}": image, "b/1.png": Image.new("L", (16, 24))}
    images, _ = read(tmp_path, files)
    # In the middle of each block; JPEG changes values by a few.
    assert np.abs(images[0, 4::8, 4::8, 0].astype(int) - UPRIGHT).max() <= 3
    # Black is added to the upright picture: left and right.
    images, data = read(tmp_path, files, size=6)
    assert images.shape[1:3] == data.image[:2] == (6, 6)
    assert images[0].any(axis=(0, 2)).tolist() == [False, True, True, True, True, False]


A, B, C = 'a, "b"', "it's\ntwo lines", "Ünï 猫"
# Whatever their names, classes take turns, so that the first images have every class.
TOGETHER: Files = {
    f"{A}/1.png": flat(0), f"{A}/2.png": flat(3), f"{A}/deep/er/3.png": flat(5),
    f"{B}/only.png": flat(1),
    f"{C}/1.png": flat(2), f"{C}/2.png": flat(4), f"{C}/.hidden.png": b"",
    f"{C}/.thumbs/1.png": b"", ".git/x.png": b"", "README.md": b"",
}  # fmt: skip
# A class may be in only some of the parts.
SPLIT: Files = {
    f"Test/{B}/1.png": flat(4), f"Test/{C}/1.png": flat(5),
    f"train/{A}/1.png": flat(0), f"train/{B}/1.png": flat(1), f"train/{A}/2.png": flat(2),
    f"val/{A}/1.png": flat(3),
}  # fmt: skip


@pytest.mark.parametrize(
    ("files", "classes", "parts"),
    [
        (TOGETHER, [A, B, C, A, C, A], {}),
        (SPLIT, [A, B, A, A, B, C], {"train": 3, "validation": 1, "test": 2}),
    ],
)
def test_folders_are_the_classes_or_above_them_the_datas_own_split(
    tmp_path: Path, files: Files, classes: list[str], parts: dict[str, int]
) -> None:
    images, data = read(tmp_path, files)
    assert images[:, 0, 0, 0].tolist() == list(range(6))
    assert [data.classes[label] for label in data.labels] == classes
    assert data.parts == parts
