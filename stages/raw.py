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

    *name* is what to call the images, and *dataset* the name that they were fetched by, or null if
    they are the user's own. *classes* are the names of the classes, in the order of the labels.
    *parts* is the number of images in each of :data:`PARTS` in the data's own split, one part after
    the other; it is empty if the data has no split. *files* are the images' names, if each is a
    file.
    """

    name: str
    dataset: str | int | None
    classes: list[str]
    parts: dict[str, int]
    files: list[str]


class Raw(NamedTuple):
    """Images (n, height, width, channels) uint8, labels (n,) in 0..classes - 1, and the rest."""

    images: np.ndarray
    labels: np.ndarray
    about: About


def write_images(chunks: Iterable[np.ndarray], image: tuple[int, ...]) -> None:
    """Write the images; *chunks* are all of them in order, each of the shape *image*."""
    write_rows(IMAGES, image, np.dtype(np.uint8), chunks)


def write_rest(labels: np.ndarray, about: About) -> None:
    """Write the images' labels, and what else is known of them."""
    write_array(LABELS, labels)
    write_json(ABOUT, about.model_dump())


def read() -> Raw:
    """Return what ``fetch`` wrote, with images and labels memory-mapped."""
    about = About.parse(read_json(ABOUT), str(ABOUT))
    return Raw(read_array(IMAGES), read_array(LABELS), about)
