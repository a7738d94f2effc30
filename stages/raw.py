"""data/raw/: images and labels as they were fetched, in the dataset's own order."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.common.arrays import read_array, write_array, write_rows
from stages.common.files import read_json, write_json
from stages.common.schema import Settings

FOLDER = Path("data/raw")
IMAGES, LABELS, ABOUT = FOLDER / "images.npy", FOLDER / "labels.npy", FOLDER / "dataset.json"
# The parts that data may give its images itself, in the order they stand in.
PARTS = ("train", "validation", "test")


class About(Settings):
    """What dataset.json holds.

    *classes* are the classes' names, in the order of the labels; *parts* how many images the data
    itself gives each of :data:`PARTS`, one part after the other, and empty where it gives none.
    """

    classes: list[str]
    parts: dict[str, int]


class Raw(NamedTuple):
    """Images (n, height, width, channels) uint8, labels (n,) in 0..classes - 1, and what it is."""

    images: np.ndarray
    labels: np.ndarray
    about: About


def write(
    chunks: Iterable[np.ndarray],
    image: tuple[int, ...],
    labels: np.ndarray,
    classes: list[str],
    parts: dict[str, int],
) -> None:
    """Write images (height, width, channels) = *image*, whose rows are *chunks*, and the rest."""
    write_rows(IMAGES, (len(labels), *image), np.dtype(np.uint8), chunks)
    write_array(LABELS, labels)
    write_json(ABOUT, {"classes": classes, "parts": parts})


def read() -> Raw:
    """Return what ``fetch`` wrote, images and labels memory-mapped."""
    about = About.parse(read_json(ABOUT), str(ABOUT))
    return Raw(read_array(IMAGES), read_array(LABELS), about)
