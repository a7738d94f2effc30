"""The readers on damaged files: the right arrays or a StageError, and nothing left behind.

300 cases for each property; the environment variable FUZZ_CASES sets another number.
"""

import gzip
import io
import os
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.datasets import idx, npz
from stages.datasets.images import LabelledImages
from stages.datasets.known import KnownDataset, Package
from stages.datasets.pickles import read_pairs
from stages.datasets.sources.pypi import read_wheel
from stages.errors import StageError
from tests.handmade import MEMBER, digits, idx_bytes, python2_pickle, wheel_bytes

fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_CASES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

IMAGES, LABELS = digits(3, 9, 0)
FLAT = IMAGES.reshape(3, 784)
IDX_IMAGES, IDX_LABELS = idx_bytes(IMAGES), idx_bytes(LABELS)
PAIRS = [((FLAT / 256).astype("<f4"), LABELS.astype("<i8"))]
PICKLE = python2_pickle(PAIRS)
WHEEL = wheel_bytes(PICKLE)
DATASET = KnownDataset("tiny", 1, Package("tiny", "1.0", "", MEMBER), 3, "", "")
# No reader may take more than this for a file of a few kilobytes; the limit for a file's own
# content, 16 MiB, and what Python takes beside it.
MEMORY = 40 << 20


def npz_bytes(save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream, images=IMAGES, labels=LABELS)
    return stream.getvalue()


STORED, DEFLATED = npz_bytes(np.savez), npz_bytes(np.savez_compressed)


@st.composite
def damaged(draw: st.DrawFn, *originals: bytes) -> bytes:
    """Draw one of *originals* after up to three mishaps, or bytes of no origin."""
    content = bytearray(draw(st.sampled_from(originals)))
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    # Headers stand at the start and, in a zip, at the end: half the mishaps happen there.
    near = st.integers(0, 150)
    mishaps = ["flip", "cut", "insert", "overwrite", "append", "shuffle"]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)) | near)
        place = draw(st.sampled_from([place, max(0, len(content) - place)]))
        mishap = draw(st.sampled_from(mishaps))
        if mishap == "flip" and place < len(content):
            content[place] ^= 1 << draw(st.integers(0, 7))
        elif mishap == "cut":
            del content[place:]
        elif mishap == "insert":
            content[place:place] = draw(st.binary(min_size=1, max_size=9))
        elif mishap == "overwrite":
            new = draw(
                st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f" * 8]) | st.binary(max_size=9)
            )
            content[place : place + len(new)] = new
        elif mishap == "append":
            content += draw(st.binary(max_size=50)) or bytes(100_000)
        else:
            seed = draw(st.integers(0, 2**16))
            middle = content[place : place + 8]
            random.Random(seed).shuffle(middle)  # noqa: S311
            content[place : place + 8] = middle
    return bytes(content)


def outcome(
    read: Callable[[Path], LabelledImages], name: str, content: bytes
) -> LabelledImages | None:
    """Return what *read* makes of a file of *content*; nothing if it raises a StageError.

    Any other exception fails the test, as do a file left behind and memory used without need.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
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
        assert [path.name for path in Path(folder).iterdir()] == [name]
    return result


def read_idx(file: Path) -> LabelledImages:
    """Read IDX images from *file* with labels made to fit."""
    images = idx.read_items(file, (28, 28)).reshape(-1, 784)
    return LabelledImages(images, np.zeros(len(images), np.uint8))


@fuzz
@given(damaged(IDX_IMAGES, IDX_LABELS))
def test_idx_gives_exactly_the_bytes_after_the_header(content: bytes) -> None:
    data = outcome(read_idx, "train-images-idx3-ubyte", content)
    if data is not None:
        plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
        assert plain == idx_bytes(data.images.reshape(-1, 28, 28))


@fuzz
@given(damaged(gzip.compress(IDX_IMAGES), gzip.compress(IDX_IMAGES, 0)))
def test_idx_compressed_gives_what_gzip_gives(content: bytes) -> None:
    data = outcome(read_idx, "train-images-idx3-ubyte.gz", content)
    if data is not None:
        plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
        assert plain == idx_bytes(data.images.reshape(-1, 28, 28))


@fuzz
@given(damaged(IDX_IMAGES).map(gzip.compress))
def test_idx_gives_the_same_compressed_or_not(content: bytes) -> None:
    packed = outcome(read_idx, "train-images-idx3-ubyte", content)
    plain = outcome(read_idx, "train-images-idx3-ubyte", gzip.decompress(content))
    assert (packed is None) == (plain is None)
    if packed is not None and plain is not None:
        np.testing.assert_array_equal(packed.images, plain.images)


@fuzz
@given(damaged(STORED, DEFLATED))
def test_npz_gives_the_whole_arrays_or_nothing(content: bytes) -> None:
    data = outcome(npz.read, "my.npz", content)
    if data is not None:
        # A zip's checksums cover its arrays, so what is read at all is what was written.
        np.testing.assert_array_equal(data.images, FLAT)
        np.testing.assert_array_equal(data.labels, LABELS)


NUMBERS = st.sampled_from(["u1", "i1", "<u2", ">i4", "i8", "f2", "f4", ">f8"])


@fuzz
@given(
    st.data(),
    st.integers(1, 3),
    st.sampled_from([(28, 28), (28, 28, 1), (784,), (28,), (784, 1)]),
    NUMBERS,
)
def test_npz_of_any_numbers_gives_pixels_or_is_refused(
    data: st.DataObject, count: int, shape: tuple[int, ...], dtype: str
) -> None:
    values = data.draw(arrays(dtype, (count, *shape), fill=st.sampled_from([0, 1, 100])))
    stream = io.BytesIO()
    np.savez(stream, x=values, y=np.zeros(count, int))
    read = outcome(npz.read, "my.npz", stream.getvalue())
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
def test_a_wheel_gives_the_whole_images_or_nothing(content: bytes) -> None:
    data = outcome(lambda file: read_wheel(file, DATASET), "tiny.whl", content)
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
def test_a_damaged_pickle_in_a_sound_wheel_is_read_or_refused(content: bytes) -> None:
    data = outcome(lambda file: read_wheel(file, DATASET), "tiny.whl", content)
    if data is not None:
        assert data.images.shape == (len(data.labels), 784)
        assert data.images.dtype == data.labels.dtype == np.uint8
        assert data.labels.max() <= 9
