"""Writing files whole or not at all, with bytes that depend on their content alone."""

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from stages.errors import StageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside *path*; on success flush it to disk and rename it to *path*.

    The name is fixed, so what a killed run left behind is overwritten by the next one. On an
    error the temporary file is removed and *path* stays as it was.

    Raises:
        StageError: the system could not write it, for want of room or of permission.
    """
    # The suffix stays last: Keras chooses its format by it.
    temporary = path.with_name(f".partial-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: Exception) -> StageError:
    """Return what to tell the user when the system refused to write *path*."""
    # HDF5's errors are of this type too, but carry the reason in their text alone.
    number = getattr(error, "errno", None) or _errno_in(str(error))
    reason = os.strerror(number) if number else " ".join(str(error).split())
    return StageError(
        f"{path}: not written: {reason}; what stood there before is untouched; "
        "mend that and run `dvc repro` again"
    )


def _errno_in(text: str) -> int | None:
    found = re.search(r"errno = (\d+)", text)
    return int(found[1]) if found else None


def _flush_folder(folder: Path) -> None:
    """Make a rename in *folder* survive a power cut, where the system can (Windows cannot)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Write *content* to *path*."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    r"""Write *text* to *path* as UTF-8 with ``\n`` line ends."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write *value* to *path* as JSON with sorted keys; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    r"""Write a table to *path*; ``\n`` line ends, floats in their shortest exact form."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_array(path: Path, array: np.ndarray) -> None:
    """Write *array* to *path* in numpy's ``.npy`` format, which can be memory-mapped."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)


def read_array(path: Path) -> np.ndarray:
    """Return the array in *path*, memory-mapped: pages come from disk as they are used.

    Raises:
        StageError: the file is damaged.
    """
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError):
        raise StageError(f"{path}: damaged; `dvc repro --force` writes it anew") from None
    return array


def read_json(path: Path) -> Any:
    """Return the value in the JSON file *path*.

    Raises:
        StageError: the file is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise StageError(f"{path}: damaged; `dvc repro --force` writes it anew") from None
