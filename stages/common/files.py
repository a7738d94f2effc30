"""Files: written completely or not at all, with bytes that depend only on their content."""

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
    """Yield a temporary path beside *path*; on success flush it to disk and rename it to *path*.

    Its name is fixed, so the next run overwrites what a killed one left behind. On an error the
    temporary file is removed and *path* stays as it was.

    Raises:
        StageError: there is no room on the disk, or no permission.
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
        # Makes the rename survive a power cut.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: Exception) -> StageError:
    """Return the error for a *path* that could not be written."""
    text = one_line(error)
    known = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)
    # The system's own message, even if it is part of a library's longer one.
    reason = next((words for words in map(os.strerror, known) if words in text), text)
    return StageError(
        f"{path}: not written: {reason}; an older file there is untouched; "
        "fix that and run `dvc repro` again"
    )


def write_bytes(path: Path, content: bytes) -> None:
    """Write *content* to *path*."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    r"""Write *text* to *path* as UTF-8 with ``\n`` line ends."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write *value* to *path* as JSON with sorted keys; NaN and infinity are errors."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    r"""Write a table to *path* with ``\n`` line ends and floats in their shortest exact form."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def copy_metrics(stage: str, name: str, *written: Path) -> None:
    """Copy the metrics that *stage* has *written* of the model *name* to its cached output.

    Git keeps metrics, DVC's cache does not. With copies there, of the same bytes and so the same
    hashes, DVC restores metrics that were not committed; without, it would run the stage again.
    """
    for path in written:
        copy = Path("models/metrics") / stage / name / f"{path.parent.name}{path.suffix}"
        write_bytes(copy, path.read_bytes())


def read_json(path: Path) -> Any:
    """Return the value in the JSON file *path*.

    Raises:
        StageError: there is no such file, or it is damaged.
    """
    with reading(path):
        return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Explain what to do if *path*, which a stage wrote, is missing or damaged.

    Raises:
        StageError: it is missing or damaged.
    """
    try:
        yield
    except FileNotFoundError:
        raise StageError(f"{path}: missing; `make repro` writes it") from None
    except (ValueError, EOFError):
        raise StageError(f"{path}: damaged; `make verify` restores it") from None
