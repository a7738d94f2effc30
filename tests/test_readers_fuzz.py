"""The readers of a user's own files on damaged ones: the right arrays, or a StageError.

200 files for each; the environment variable FUZZ_CASES sets another number.
"""

import gzip
import io
import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import idx, npz
from tests.handmade import digits, idx_bytes

CASES = int(os.environ.get("FUZZ_CASES", "200"))
IMAGES, LABELS = digits(3, 9, 0)


def npz_bytes(compressed: bool) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, images=IMAGES, labels=LABELS)
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


@pytest.mark.parametrize("original", [idx_bytes(IMAGES), gzip.compress(idx_bytes(IMAGES))])
def test_idx_gives_exactly_the_bytes_after_the_header(tmp_path: Path, original: bytes) -> None:
    file = tmp_path / "file"
    for content in damaged(original):
        file.write_bytes(content)
        try:
            images = idx.read_file(file)
        except StageError:
            continue
        plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
        assert plain == idx_bytes(images)


@pytest.mark.parametrize("original", [npz_bytes(compressed=False), npz_bytes(compressed=True)])
def test_npz_gives_the_whole_arrays_or_nothing(tmp_path: Path, original: bytes) -> None:
    file = tmp_path / "my.npz"
    for content in damaged(original):
        file.write_bytes(content)
        try:
            data = npz.read(file)
        except StageError:
            continue
        # A zip's checksums cover its arrays, so what is read at all is what was written.
        np.testing.assert_array_equal(data.images, IMAGES.reshape(3, 784))
        np.testing.assert_array_equal(data.labels, LABELS)
