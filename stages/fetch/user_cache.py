"""The user's cache folder: what a source has sent once, this machine does not ask for again.

One file for each array of a known dataset: its bytes alone, named by their SHA-256, so that
``sha256sum`` checks them.
"""

import os
from pathlib import Path

import numpy as np

from stages.common.errors import StageError, one_line
from stages.common.files import write_bytes
from stages.fetch.images import PIXELS, LabelledImages
from stages.fetch.known import KnownDataset, verify


def folder() -> Path:
    """Return the folder; in ``$XDG_CACHE_HOME`` if that is set, else in ``~/.cache``."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return caches / "cached-mnist-pipeline"


def read(dataset: KnownDataset) -> LabelledImages | None:
    """Return *dataset* if it is there, its checksums verified anew; else None.

    Prints a line where something is there that is not *dataset*.
    """
    try:
        images, labels = (np.fromfile(path, np.uint8) for path in _paths(dataset))
        verify(LabelledImages(images, labels), dataset)
    except FileNotFoundError:
        return None
    except (OSError, StageError) as error:
        print(f"warning: {folder()}: not used: {one_line(error)}")
        return None
    return LabelledImages(images.reshape(-1, PIXELS), labels)


def write(dataset: KnownDataset, data: LabelledImages) -> None:
    """Keep *data*, which is *dataset*, in the place of what was there.

    Prints a line where that cannot be done; nothing but a later download depends on it.
    """
    try:
        for path, array in zip(_paths(dataset), (data.images, data.labels), strict=True):
            write_bytes(path, array.tobytes())
    except StageError:
        print(f"note: {folder()}: cannot be written; the next run downloads the images again")


def _paths(dataset: KnownDataset) -> tuple[Path, Path]:
    return folder() / dataset.images_sha256, folder() / dataset.labels_sha256
