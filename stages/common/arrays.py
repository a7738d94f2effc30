"""Arrays on disk that may be larger than memory: written and read some rows at a time."""

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from stages.common.files import reading, replacing

# What is held in memory of an array at a time.
CHUNK_BYTES = 4 * 2**20
GATHERED = 100  # rows


def write_array(path: Path, array: np.ndarray) -> None:
    """Write *array* to *path* in numpy's ``.npy`` format, which can be memory-mapped."""
    write_rows(path, array.shape, array.dtype, [array])


def write_rows(
    path: Path, shape: tuple[int, ...], dtype: np.dtype, chunks: Iterable[np.ndarray]
) -> None:
    """Write an array of *shape* and *dtype* to *path* as ``.npy``; *chunks* are its rows in order.

    Never more than one chunk of it is in memory.
    """
    if dtype.hasobject:
        raise ValueError("objects have no bytes of their own")
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with replacing(path) as temporary, temporary.open("wb") as file:
        # `np.save` would hide why the system refused to write.
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chunks:
            file.write(np.ascontiguousarray(chunk).data)


def read_array(path: Path) -> np.ndarray:
    """Return the array in *path*, memory-mapped: pages come from disk as they are used.

    Raises:
        StageError: there is no such file, or it is damaged.
    """
    with reading(path):
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def chunks_of(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of an *array* that may be memory-mapped, some at a time."""
    for few in chunked(len(array), array[:1].nbytes):
        yield array[few]
        release(array)


def chunked(rows: int, row_bytes: int) -> Iterator[slice]:
    """Yield slices that cover *rows* of so many bytes each, :data:`CHUNK_BYTES` at a time."""
    step = max(1, CHUNK_BYTES // max(1, row_bytes))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def gather(array: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the *chosen* rows of an *array* that may be memory-mapped, as an array in memory.

    A few rows at a time: for each one that is read the system brings in the pages around it too,
    64 KiB on Linux, which for a whole batch of scattered images is a hundred megabytes.
    """
    rows = np.empty((len(chosen), *array.shape[1:]), array.dtype)
    for start in range(0, len(chosen), GATHERED):
        few = slice(start, start + GATHERED)
        rows[few] = array[chosen[few]]
        release(array)
    return rows


def release(array: np.ndarray) -> None:
    """Let the system drop the pages of a memory-mapped *array* from this process."""
    mapped = getattr(array, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
