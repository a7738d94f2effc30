"""The user's cache folder: this machine does not fetch a known dataset twice.

One file for each array: just its bytes, named by their SHA-256, so that ``sha256sum`` can check it.
"""

import os
from pathlib import Path

import numpy as np

from stages.common.errors import StageError, one_line
from stages.common.files import write_bytes
from stages.fetch.images import LabelledImages, Part, labelled
from stages.fetch.known import Dataset, verified


def folder() -> Path:
    """Return the folder: in ``$XDG_CACHE_HOME`` if that is absolute, else in ``~/.cache``."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # As https://specifications.freedesktop.org/basedir says of a relative one.
    caches = caches if caches.is_absolute() else Path.home() / ".cache"
    return caches / "cached-mnist-pipeline"


def read(dataset: Dataset) -> LabelledImages | None:
    """Return *dataset*, a known one, with its checksums verified again; None if it is missing.

    Prints a line if the files are there but are not *dataset*.
    """
    image_path, label_path = _paths(dataset)
    try:
        labels = np.fromfile(label_path, np.uint8)
        # Every known dataset has square images.
        images = np.memmap(image_path, np.uint8, "r").reshape(len(labels), -1)
        return verified(labelled({"all": Part(images, labels, "its files")}), dataset)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, StageError) as error:
        print(f"warning: {folder()}: not used: {one_line(error)}")
        return None


def write(dataset: Dataset, data: LabelledImages) -> None:
    """Keep *data*, which is *dataset*, and replace what was there.

    If that fails, prints a line and continues: it only saves a later download.
    """
    image_path, label_path = _paths(dataset)
    try:
        write_bytes(image_path, b"".join(chunk.tobytes() for chunk in data.chunks()))
        write_bytes(label_path, data.labels.tobytes())
    except StageError:
        print(f"note: {folder()}: cannot be written; the next run downloads the images again")


def _paths(dataset: Dataset) -> tuple[Path, Path]:
    return folder() / str(dataset.images_sha256), folder() / str(dataset.labels_sha256)
