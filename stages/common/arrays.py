"""Arrays on disk that may be larger than memory, written and read a few rows at a time."""

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from stages.common.files import reading, replacing

# How much of an array is in memory at a time.
CHUNK_BYTES = 4 * 2**20
GATHERED = 100  # rows
# How many images, and values in them, a model predicts at a time: enough to keep the kernels busy,
# and less than a training needs memory for.
SCORED_IMAGES = 500
SCORED_VALUES = 2**20


def write_array(path: Path, array: np.ndarray) -> None:
    """Write *array* to *path* in NumPy's ``.npy`` format, which can be memory-mapped."""
    write_rows(path, array.shape[1:], array.dtype, [array])


def write_rows(
    path: Path, row: tuple[int, ...], dtype: np.dtype, chunks: Iterable[np.ndarray]
) -> None:
    """Write an array of *dtype* to *path* as ``.npy``.

    *chunks* are its rows in order, each of the shape *row*. Only one chunk is in memory at a time.
    """
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
    rows = 0
    with replacing(path) as temporary, temporary.open("wb") as file:
        # `np.save` would hide the system's reason if it cannot write.
        np.lib.format.write_array_header_1_0(file, header | {"shape": (rows, *row)})
        for chunk in chunks:
            file.write(np.ascontiguousarray(chunk).data)
            rows += len(chunk)
        # NumPy leaves room in it for any number of rows.
        file.seek(0)
        np.lib.format.write_array_header_1_0(file, header | {"shape": (rows, *row)})


def read_array(path: Path) -> np.ndarray:
    """Return the array in *path*, memory-mapped: pages are read from disk as they are used.

    Raises:
        StageError: there is no such file, or it is damaged.
    """
    with reading(path):
        return np.load(path, mmap_mode="r", allow_pickle=False)


def chunks_of(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of an *array* that may be memory-mapped, a few at a time."""
    for few in chunked(len(array), array[:1].nbytes):
        yield array[few]
        release(array)


def chunked(rows: int, row_bytes: int) -> Iterator[slice]:
    """Yield slices that cover *rows* of *row_bytes* each, :data:`CHUNK_BYTES` at a time."""
    step = max(1, CHUNK_BYTES // max(1, row_bytes))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def scoring_batches(images: np.ndarray) -> Iterator[slice]:
    """Yield slices that cover *images* (n, height, width, channels), for a model to predict."""
    step = max(1, min(SCORED_IMAGES, SCORED_VALUES // images[:1].size))
    for start in range(0, len(images), step):
        yield slice(start, start + step)


def gather(array: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the *chosen* rows of an *array* that may be memory-mapped, as an array in memory.

    A few rows at a time: with each row the system also loads the pages around it, 64 KiB on Linux,
    which for a whole batch of scattered images is a hundred megabytes.
    """
    rows = np.empty((len(chosen), *array.shape[1:]), array.dtype)
    for start in range(0, len(chosen), GATHERED):
        few = slice(start, start + GATHERED)
        rows[few] = array[chosen[few]]
        release(array)
    return rows


def release(array: np.ndarray) -> None:
    """Drop the pages of a memory-mapped *array* from this process."""
    mapped = getattr(array, "_mmap", None)
    if isinstance(mapped, mmap.mmap):
        mapped.madvise(mmap.MADV_DONTNEED)
