"""data/raw/: images and labels as fetched, in the dataset's own order."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.common.arrays import read_array, write_array, write_rows
from stages.common.files import read_json, write_json
from stages.common.schema import Settings

FOLDER = Path("data/raw")
IMAGES, LABELS, ABOUT = FOLDER / "images.npy", FOLDER / "labels.npy", FOLDER / "dataset.json"
# The parts of the data's own split, in their order.
PARTS = ("train", "validation", "test")


class About(Settings):
    """The content of dataset.json.

    *classes* are the names of the classes, in the order of the labels. *parts* is the number of
    images in each of :data:`PARTS` in the data's own split, one part after the other; it is empty
    if the data has no split.
    """

    classes: list[str]
    parts: dict[str, int]


class Raw(NamedTuple):
    """Images (n, height, width, channels) uint8, labels (n,) in 0..classes - 1, and the rest."""

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
    """Write all files; *chunks* are the images in order, each of the shape *image*."""
    write_rows(IMAGES, (len(labels), *image), np.dtype(np.uint8), chunks)
    write_array(LABELS, labels)
    write_json(ABOUT, {"classes": classes, "parts": parts})


def read() -> Raw:
    """Return what ``fetch`` wrote, with images and labels memory-mapped."""
    about = About.parse(read_json(ABOUT), str(ABOUT))
    return Raw(read_array(IMAGES), read_array(LABELS), about)
