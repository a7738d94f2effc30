"""A folder of image files, one sub-folder for each class: values worked out by hand."""

import io
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from stages.common.errors import StageError
from stages.fetch.files import folder
from stages.fetch.files.resizing import Size, all_resized
from stages.fetch.images import LabelledImages, Part, labelled
from tests.support.handmade import flat, two_pictures, write_files

Files = dict[str, Image.Image | bytes]


def read(
    place: Path, files: Files, size: Size | None = None, skip_damaged: bool = False
) -> tuple[np.ndarray, LabelledImages]:
    """Return the images in *files*, and all that is read."""
    write_files(place, files)
    data = folder.read(place, size, skip_damaged)
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
    ("jfif", two_pictures("MPO"), [100]),
    ("tif", flat(7), [7]),
    ("TIFF", flat((1, 2, 3), "RGB"), [1, 2, 3]),
    # The upper 8 of 16 bits, whatever their order in the file.
    ("tiff", Image.fromarray(np.full((2, 3), 1000, ">u2")), [3]),
    ("pgm", b"P5 3 2 65535\n" + 6 * (1000).to_bytes(2, "big"), [3]),
    ("ppm", flat((1, 2, 3), "RGB"), [1, 2, 3]),
    ("gif", flat((1, 2, 3), "RGB"), [1, 2, 3]),
    ("avif", flat(255), [255]),
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
    assert np.abs(images[1].astype(int) - value).max() <= (suffix in ("jpg", "jfif", "JPEG"))


@pytest.mark.parametrize("kind", ["tEXt", "iCCP"])
@pytest.mark.parametrize("mebibytes", [3, 65])
def test_what_a_png_holds_besides_may_be_large(tmp_path: Path, kind: str, mebibytes: int) -> None:
    large = bytes(mebibytes * 2**20)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("note", large.decode(), zip=True)
    extra: Any = {"pnginfo": notes} if kind == "tEXt" else {"icc_profile": large}
    flat(7).save(stream := io.BytesIO(), "PNG", **extra)
    files: Files = {"a/1.png": stream.getvalue(), "b/1.png": flat(7)}
    if mebibytes > 64:
        with pytest.raises(StageError, match=r"a/1\.png: a text or colour profile above 64 MiB"):
            read(tmp_path, files)
    else:
        assert np.unique(read(tmp_path, files)[0]) == [7]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (Image.fromarray(np.ones((2, 3), "i4")), "pixels with a sign or with 32 bits"),
        (Image.fromarray(np.ones((2, 3), "f4")), "pixels with a sign or with 32 bits"),
        (two_pictures("TIFF"), "several pages; keep one image of it"),
        (b"GIF89a", "damaged, or not a PNG, JPEG, WebP, BMP, GIF, TIFF, AVIF or PPM file"),
    ],
)
def test_what_has_no_one_picture_of_8_or_16_bits_is_told(
    tmp_path: Path, content: Image.Image | bytes, told: str
) -> None:
    with pytest.raises(StageError, match=rf"a/1\.tif: {told}"):
        read(tmp_path, {"a/1.tif": content, "b/1.png": flat(1)})


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("size", [(16, 16), (24, 16), (200, 100)])
@pytest.mark.parametrize("stored", [(144, 108), (517, 311)])
@pytest.mark.parametrize("noted", [1, 6])
def test_pictures_are_resized_as_pillow_would(
    tmp_path: Path, suffix: str, size: Size, stored: Size, noted: int
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 9, 12, 3), np.uint8)
    pictures = [Image.fromarray(one).resize(stored) for one in noise]
    pictures[0].getexif()[0x0112] = noted
    images, _ = read(tmp_path, dict(zip((f"a/1.{suffix}", "b/1.png"), pictures, strict=True)), size)
    opened = [ImageOps.exif_transpose(Image.open(path)) for path in sorted(tmp_path.rglob("*.*"))]
    expected = [ImageOps.pad(one, size[::-1], Image.Resampling.BICUBIC) for one in opened]
    difference = np.abs(images - np.stack([np.asarray(one, int) for one in expected]))
    # A JPEG may be decoded at half its size.
    assert difference.mean() < (1 if suffix == "jpg" else 1e-9)
    if noted != 1:
        return
    part = Part(np.stack([np.asarray(one) for one in opened]), np.arange(2), "x")
    arrays = all_resized(labelled({"all": part}), size)
    assert arrays.image == (*size, 3)
    np.testing.assert_array_equal(np.concatenate(list(arrays.chunks())), expected)


UPRIGHT = np.array([[10, 50], [170, 90], [210, 130]], np.uint8)
# By the camera's orientation tag: how the picture is stored in the file.
STORED = {
    1: UPRIGHT, 2: UPRIGHT[:, ::-1], 3: UPRIGHT[::-1, ::-1], 4: UPRIGHT[::-1],
    5: UPRIGHT.T, 6: np.rot90(UPRIGHT), 7: UPRIGHT[::-1, ::-1].T, 8: np.rot90(UPRIGHT, -1),
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
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
    images, data = read(tmp_path, files, size=(6, 6))
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
# As in a part of a split that has one class alone; macOS adds folders of its own.
WRAPPED: Files = {f"pets/my pets/{name}": one for name, one in TOGETHER.items()} | {
    "__MACOSX/pets/._1.png": b"",
}
BUSES = ["bus", "train"] * 3


def split(train: str, validation: str, test: str) -> Files:
    """Return images in parts with these names. A class may be in only some of them."""
    return {
        f"{test}/{B}/1.png": flat(4), f"{test}/{C}/1.png": flat(5),
        f"{train}/{A}/1.png": flat(0), f"{train}/{B}/1.png": flat(1),
        f"{train}/{A}/2.png": flat(2), f"{validation}/{A}/1.png": flat(3),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "classes", "parts"),
    [
        (TOGETHER, [A, B, C, A, C, A], {}),
        (WRAPPED, [A, B, C, A, C, A], {}),
        *[
            (split(*names), [A, B, A, A, B, C], {"train": 3, "validation": 1, "test": 2})
            for names in (
                ("train", "val", "Test"),
                ("Training", "Validation", "Testing"),
                ("seg_train/seg_train", "seg_dev", "seg_test/seg_test"),
                ("my-data train", "valid", "test_set"),
                ("train2017", "val2017", "testSet"),
            )
        ],
        # No split: no folders of classes in them.
        ({f"{name}/{n}.png": flat(n) for n, name in enumerate(BUSES)}, BUSES, {}),
    ],
)
def test_folders_are_the_classes_or_above_them_the_datas_own_split(
    tmp_path: Path, files: Files, classes: list[str], parts: dict[str, int]
) -> None:
    images, data = read(tmp_path, files)
    assert images[:, 0, 0, 0].tolist() == list(range(6))
    assert [data.classes[label] for label in data.labels] == classes
    assert data.parts == parts


def test_two_spellings_are_one_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    files: Files = {
        f"train/{composed}/1.png": flat(1), "train/tea/1.png": flat(2),
        f"test/{decomposed}/1.png": flat(3),
    }  # fmt: skip
    _, data = read(tmp_path, files)
    assert data.classes == [composed, "tea"]
    assert capsys.readouterr().out == ""
    assert data.labels.tolist() == [0, 1, 0]


def test_what_is_left_out_takes_its_label_and_its_place_in_a_part_along(tmp_path: Path) -> None:
    damaged: Files = {f"train/{A}/1.png": b"", f"test/{B}/1.png": b"no picture"}
    images, data = read(tmp_path, split("train", "val", "test") | damaged, skip_damaged=True)
    kept = data.kept()
    assert images[:, 0, 0, 0].tolist() == [1, 2, 3, 5]
    assert [kept.classes[label] for label in kept.labels] == [B, A, A, C]
    assert kept.parts == {"train": 2, "validation": 1, "test": 1}
    assert kept.files == [
        f"train/{B}/1.png",
        f"train/{A}/2.png",
        f"val/{A}/1.png",
        f"test/{C}/1.png",
    ]
    # A part that loses all of its images is an error.
    _, data = read(tmp_path, {f"val/{A}/1.png": b""}, skip_damaged=True)
    with pytest.raises(StageError, match="validation: no image can be read"):
        data.kept()
