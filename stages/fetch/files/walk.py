"""The files in a folder, if DVC sees all of them too."""

import os
from pathlib import Path

from stages.common.errors import StageError


def walk(folder: Path) -> list[Path]:
    """Return every file in *folder* and below, hidden ones too, sorted by path.

    Raises:
        StageError: DVC would pass over a folder, or stop with a message that helps nobody.
    """
    found = []
    for place, folders, files in os.walk(folder, onerror=_raise):
        for path in (Path(place, name) for name in sorted((*folders, *files))):
            name = os.fsencode(path).decode("utf-8", "backslashreplace")
            if name != str(path):
                raise StageError(f"{name}: a name that is not UTF-8; rename it")
            if path.is_symlink() and not path.exists():
                raise StageError(
                    f"{path}: a link to something that is missing; remove it or mend it"
                )
            if path.is_symlink() and path.is_dir() and not is_hidden(path.name):
                raise StageError(
                    f"{path}: a link to a folder, in which DVC would not notice a change; "
                    "put the folder itself there, or a link for each file"
                )
        found += [Path(place, name) for name in files]
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this *name* is hidden, or made by the system."""
    return name.startswith(".") or name in ("__MACOSX", "desktop.ini", "Thumbs.db")
