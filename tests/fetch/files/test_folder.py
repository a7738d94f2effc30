"""A folder of image files, one sub-folder a class; and `data.size`, for files and for arrays.

What is wrong with a folder is told in test_own_data.py.
"""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages import raw
from stages.fetch import __main__ as fetch
from stages.preprocess import __main__ as preprocess
from tests.support.handmade import flat, write_files, write_params

Files = dict[str, Image.Image | bytes]
# 2 pixels high, 3 wide.
SHAPE = (2, 3)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def fetched(files: Files, **asked: Any) -> tuple[np.ndarray, list[str], dict[str, int]]:
    """Return the images of these *files* as fetch writes them, each one's class, and the parts."""
    write_files(Path("my images"), files)
    write_params(Path("my images"), **asked)
    fetch.main()
    images, labels, about = raw.read()
    return np.array(images), [about.classes[label] for label in labels], about.parts


def palette(colours: list[int], **options: Any) -> bytes:
    """Return a PNG file whose pixels all are the second colour of a palette."""
    image, stream = flat(1, "P"), io.BytesIO()
    image.putpalette(colours)
    image.save(stream, "PNG", **options)
    return stream.getvalue()


# By ending of the file: the image, and the value of its pixels, worked by hand.
GREY: list[tuple[str, Any, int]] = [
    ("png", flat(7), 7),
    ("bmp", flat(7), 7),
    ("jpg", flat(7), 7),
    ("png", flat(1, "1"), 255),
    ("bmp", flat(0, "1"), 0),
    # The upper eight of 16 bits: 1000 is 3 times 256 and some.
    ("png", flat(1000, "I;16"), 3),
    ("png", flat(65535, "I;16"), 255),
    ("png", flat((7, 0), "LA"), 255),
    # 255 - 128 of white, 128 of black.
    ("png", flat((0, 128), "LA"), 127),
]
COLOUR: list[tuple[str, Any, tuple[int, int, int]]] = [
    ("png", flat((1, 2, 3), "RGB"), (1, 2, 3)),
    ("bmp", flat((1, 2, 3), "RGB"), (1, 2, 3)),
    ("JPEG", flat((90, 90, 90), "RGB"), (90, 90, 90)),
    ("webp", flat((1, 2, 3), "RGB"), (1, 2, 3)),
    ("webp", flat(7), (7, 7, 7)),
    ("png", flat((1, 2, 3, 0), "RGBA"), (255, 255, 255)),
    ("webp", flat((0, 0, 255, 128), "RGBA"), (127, 127, 255)),
    # Without red, all green and blue: no cyan is all of red.
    ("jpg", flat((255, 0, 0, 0), "CMYK"), (0, 255, 255)),
    ("png", palette([9, 9, 9, 1, 2, 3]), (1, 2, 3)),
    ("png", palette([9, 9, 9, 1, 2, 3], transparency=1), (255, 255, 255)),
]


@pytest.mark.parametrize(("suffix", "image", "value"), GREY)
def test_grey_images_alone_are_grey(suffix: str, image: Any, value: int) -> None:
    images, *_ = fetched({f"a/1.{suffix}": image, "b/1.png": flat(40)})
    assert images.shape == (2, *SHAPE, 1)
    assert np.unique(images[0]) == [value]
    assert np.unique(images[1]) == [40]


@pytest.mark.parametrize(("suffix", "image", "value"), COLOUR)
def test_one_image_in_colour_makes_all_of_them_so(suffix: str, image: Any, value: Any) -> None:
    images, *_ = fetched({f"a/1.{suffix}": image, "b/1.png": flat(1000, "I;16")})
    assert images.shape == (2, *SHAPE, 3)
    # The last bit is lost between JPEG's colours and ours.
    assert np.abs(images[0].astype(int) - value).max() <= (suffix in ("jpg", "JPEG"))
    assert np.unique(images[1]) == [3]


# 6: what is the right of the picture stands at the top of the file. 3: it is upside down.
SIX = [[50, 90, 130], [10, 170, 210]]
THREE = [[130, 210], [90, 170], [50, 10]]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize(("noted", "stored"), [(6, SIX), (3, THREE)])
def test_images_are_turned_as_the_camera_noted(
    suffix: str, noted: int, stored: list[list[int]]
) -> None:
    upright = [[10, 50], [170, 90], [210, 130]]
    # 8 by 8 pixels of each value.
    image = Image.fromarray(np.array(stored, np.uint8).repeat(8, 0).repeat(8, 1))
    image.getexif()[0x0112] = noted
    # Another one of 16 by 24 pixels as it stands: both have one size.
    files: Files = {f"a/1.{suffix}": image, "b/1.png": Image.new("L", (16, 24))}
    images, *_ = fetched(files)
    assert images.shape[1:3] == (24, 16)
    # In the middle of each block; JPEG changes values by a few.
    assert np.abs(images[0, 4::8, 4::8, 0].astype(int) - upright).max() <= 3
    # Black is added to the upright picture: left and right.
    images, *_ = fetched(files, size=6)
    assert images[0].any(axis=(0, 2)).tolist() == [False, True, True, True, True, False]


def test_of_a_cameras_two_pictures_the_first_counts() -> None:
    stream = io.BytesIO()
    flat(100).save(stream, "MPO", save_all=True, append_images=[flat(200)])
    images, *_ = fetched({"a/1.jpg": stream.getvalue(), "b/1.png": flat(0)})
    assert images[0].ravel().tolist() == [100] * 6


def test_classes_take_turns_so_that_the_first_images_are_of_all() -> None:
    files: Files = {
        "a/1.png": flat(10), "a/2.png": flat(11), "a/deep/er/3.png": flat(12),
        "b/only.png": flat(20),
        "c/1.png": flat(30), "c/2.png": flat(31), "c/.hidden.png": b"", ".git/x.png": b"",
        "c/.thumbs/1.png": b"", "README.md": b"",
    }  # fmt: skip
    images, classes, parts = fetched(files, limit=3)
    assert images[:, 0, 0, 0].tolist() == [10, 20, 30, 11, 31, 12]
    assert classes == ["a", "b", "c", "a", "c", "a"]
    assert parts == {}
    preprocess.main()
    labels = [np.load(f"data/processed/{part}/labels.npy") for part in ("train", "test")]
    assert np.concatenate(labels).sum(axis=0).tolist() == [1, 1, 1]


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Train", "VALIDATION", "Test")])
def test_folders_above_the_classes_are_the_datas_own_split(names: tuple[str, ...]) -> None:
    train, val, test = names
    files: Files = {
        f"{test}/b/1.png": flat(5), f"{test}/c/1.png": flat(6),
        f"{train}/a/1.png": flat(1), f"{train}/b/1.png": flat(2), f"{train}/a/2.png": flat(3),
        f"{val}/a/1.png": flat(4),
    }  # fmt: skip
    images, classes, parts = fetched(files, test_fraction=None)
    assert images[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6]
    # A class may be in some parts alone.
    assert classes == ["a", "b", "a", "a", "b", "c"]
    assert parts == {"train": 3, "validation": 1, "test": 2}
    preprocess.main()
    for part, values in (("train", [1, 2, 3]), ("validation", [4]), ("test", [5, 6])):
        assert np.load(f"data/processed/{part}/images.npy")[:, 0, 0, 0].tolist() == values


def test_any_name_of_a_class_is_kept() -> None:
    names = ["a, b", 'say "no"', "it's", "two\nlines", "Ünï 猫", "train station", "007", " "]
    fetched({f"{name}/1.png": flat(i) for i, name in enumerate(names)})
    about = json.loads(Path("data/raw/dataset.json").read_text(encoding="utf-8"))
    assert about["classes"] == sorted(names)
    # Each image's first pixel is the number of its name.
    images, labels, _ = raw.read()
    assert [sorted(names)[label] for label in labels] == [names[i] for i in images[:, 0, 0, 0]]
    preprocess.main()
    assert json.loads(Path("data/processed/test/classes.json").read_text()) == sorted(names)


def save_arrays(images: np.ndarray, size: int) -> np.ndarray:
    """Return the *images* of an .npz file as fetch writes them at *size*."""
    np.savez("my.npz", images=images, labels=np.arange(len(images)))
    write_params(Path("my.npz"), size=size)
    fetch.main()
    return np.load(raw.IMAGES)


WHITE = [[255] * 4] * 2
BARS = [[0] * 4, *WHITE, [0] * 4]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(2, 4), (4, 8), (1, 2), (30, 60)])
def test_a_size_keeps_the_aspect_and_leaves_the_rest_black(
    channels: int, height: int, width: int
) -> None:
    wide = np.full((height, width, channels), 255, np.uint8)
    arrays = save_arrays(np.stack([wide, wide]), 4)
    mode = "L" if channels == 1 else "RGB"
    white = (255,) * channels
    tall = Image.new(mode, (height, width), white)
    files, *_ = fetched(
        {"a/1.png": Image.new(mode, (width, height), white), "b/1.png": tall}, size=4
    )
    assert arrays.shape == files.shape == (2, 4, 4, channels)
    for channel in range(channels):
        assert arrays[0, ..., channel].tolist() == arrays[1, ..., channel].tolist() == BARS
        assert files[0, ..., channel].tolist() == BARS
        assert files[1, ..., channel].tolist() == np.transpose(BARS).tolist()


@pytest.mark.parametrize(("width", "height"), [(1, 1000), (1000, 1)])
def test_the_thinnest_image_has_a_size_too(width: int, height: int) -> None:
    assert save_arrays(np.full((2, height, width), 9, np.uint8), 8).shape == (2, 8, 8, 1)


def test_images_of_the_size_asked_for_stay_as_they_are() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8), np.uint8)
    np.testing.assert_array_equal(save_arrays(images, 8)[..., 0], images)
    files: Files = {f"{i}/1.png": Image.fromarray(image) for i, image in enumerate(images)}
    np.testing.assert_array_equal(fetched(files, size=8)[0][..., 0], images)
