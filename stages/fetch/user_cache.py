"""The user's cache folder: what a source has sent once, this machine does not ask for again.

One file for each array of a known dataset: its bytes alone, named by their SHA-256, so that
``sha256sum`` checks them.
"""

import os
from pathlib import Path

import numpy as np

from stages.common.errors import StageError, one_line
from stages.common.files import write_bytes
from stages.fetch.images import LabelledImages, Part, labelled
from stages.fetch.known import Dataset, verified


def folder() -> Path:
    """Return the folder; in ``$XDG_CACHE_HOME`` if that is set, else in ``~/.cache``."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return caches / "cached-mnist-pipeline"


def read(dataset: Dataset) -> LabelledImages | None:
    """Return *dataset*, a known one, if it is there, its checksums verified anew; else None.

    Prints a line where something is there that is not *dataset*.
    """
    image_path, label_path = _paths(dataset)
    try:
        labels = np.fromfile(label_path, np.uint8)
        # Of square images, as those of every known dataset are.
        images = np.memmap(image_path, np.uint8, "r").reshape(len(labels), -1)
        return verified(labelled({"all": Part(images, labels, "its files")}), dataset)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, StageError) as error:
        print(f"warning: {folder()}: not used: {one_line(error)}")
        return None


def write(dataset: Dataset, data: LabelledImages) -> None:
    """Keep *data*, which is *dataset*, in the place of what was there.

    Prints a line where that cannot be done; nothing but a later download depends on it.
    """
    image_path, label_path = _paths(dataset)
    try:
        write_bytes(image_path, b"".join(chunk.tobytes() for chunk in data.chunks()))
        write_bytes(label_path, data.labels.tobytes())
    except StageError:
        print(f"note: {folder()}: cannot be written; the next run downloads the images again")


def _paths(dataset: Dataset) -> tuple[Path, Path]:
    return folder() / str(dataset.images_sha256), folder() / str(dataset.labels_sha256)
