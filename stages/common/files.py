"""Files written whole or not at all, with bytes that depend on their content alone, and read."""

import csv
import errno
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.common.errors import StageError, one_line


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
    return StageError(
        f"{path}: not written: {_reason(error)}; what stood there before is untouched; "
        "mend that and run `dvc repro` again"
    )


def _reason(error: Exception) -> str:
    """Return the system's own words, also from a library's longer error that holds them."""
    text = one_line(error)
    known = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)
    return next((os.strerror(number) for number in known if os.strerror(number) in text), text)


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


def read_json(path: Path) -> Any:
    """Return the value in the JSON file *path*.

    Raises:
        StageError: there is no such file, or it is damaged.
    """
    with reading(path):
        return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say what to do if *path*, which a stage wrote, is not there or cannot be made sense of.

    Raises:
        StageError: one of both.
    """
    try:
        yield
    except FileNotFoundError:
        raise StageError(f"{path}: not there; `dvc repro` writes it") from None
    except (ValueError, EOFError):
        raise StageError(
            f"{path}: damaged; `make verify` takes it away and brings it back"
        ) from None
