"""The readers of a user's own files on damaged ones: the right arrays, or a StageError.

200 files for each; the environment variable FUZZ_CASES sets another number.
"""

import gzip
import io
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image

from stages.common.errors import StageError
from stages.fetch.files import folder, idx, npz
from tests.support.handmade import digits, idx_bytes

CASES = int(os.environ.get("FUZZ_CASES", "200"))
IMAGES, LABELS = digits(3, 9, 0)
T = TypeVar("T")


def npz_bytes(compressed: bool) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, images=IMAGES, labels=LABELS)
    return stream.getvalue()


def image_bytes(form: str) -> bytes:
    """Return an image file 20 pixels wide and 10 high that is to be turned, of noise in colour."""
    pixels = np.random.default_rng(0).integers(0, 256, (10, 20, 3), np.uint8)
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(stream, form, exif=exif)
    return stream.getvalue()


def damaged(original: bytes) -> Iterator[bytes]:
    """Yield *original* after one to three mishaps: bytes lost, put in, written over, or zeroed."""
    for case in range(CASES):
        draw = random.Random(case)  # noqa: S311 - the same cases on every run
        content = bytearray(original)
        for _ in range(draw.randint(1, 3)):
            # Headers stand at the start and, in a zip, at the end: most mishaps happen there.
            anywhere = draw.randrange(len(content) + 1)
            place = draw.choice([anywhere % 32, max(len(content) - anywhere % 256, 0), anywhere])
            new = draw.choice([b"", b"\xff" * 4, bytes(4), draw.randbytes(draw.randint(1, 9))])
            lost = draw.choice([0, len(new), len(new), 1, len(content)])
            content[place : place + lost] = new
        yield bytes(content)


def unless_refused(read: Callable[[], T], file: Path) -> T | None:
    """Return what *read* does, or None after an error that names *file* in one line."""
    try:
        return read()
    except StageError as error:
        said = str(error)
    assert str(file) in said
    assert "\n" not in said
    return None


@pytest.mark.parametrize("original", [idx_bytes(IMAGES), gzip.compress(idx_bytes(IMAGES))])
def test_idx_gives_exactly_the_bytes_after_the_header(tmp_path: Path, original: bytes) -> None:
    file = tmp_path / "file.gz"
    for content in damaged(original):
        file.write_bytes(content)
        images = unless_refused(lambda: idx.read_file(file, "images", tmp_path), file)
        if images is not None:
            plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
            assert plain == idx_bytes(images)


@pytest.mark.parametrize("original", [npz_bytes(compressed=False), npz_bytes(compressed=True)])
def test_npz_gives_the_whole_arrays_or_nothing(tmp_path: Path, original: bytes) -> None:
    file = tmp_path / "my.npz"
    for content in damaged(original):
        file.write_bytes(content)
        if data := unless_refused(lambda: npz.read(file, tmp_path), file):
            # A zip's checksums cover its arrays, so what is read at all is what was written.
            np.testing.assert_array_equal(np.concatenate(list(data.chunks()))[..., 0], IMAGES)
            assert [data.classes[label] for label in data.labels] == ["3", "9", "0"]


# Pillow warns of much that it puts right.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP"])
def test_an_image_file_gives_an_image_or_is_named(tmp_path: Path, form: str) -> None:
    good, file = tmp_path / "a/1.png", tmp_path / "b/1.png"
    for path in (good, file):
        path.parent.mkdir()
    good.write_bytes(original := image_bytes(form))

    def read() -> np.ndarray:
        (images,) = folder.read(tmp_path, None).chunks()
        return images

    results = []
    for content in damaged(original):
        file.write_bytes(content)
        images = unless_refused(read, file)
        # BMP files have no EXIF. An image of another size is named for that.
        whole = (10, 20) if form == "BMP" else (20, 10)
        assert images is None or images.shape == (2, *whole, 3)
        results.append(images is None)
    assert set(results) == {True, False}
