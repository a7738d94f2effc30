"""data/processed/: three sets of images and one-hot labels, readable with memory mapping."""

from pathlib import Path

import numpy as np

from stages.common.files import read_array, write_array

FOLDER = Path("data/processed")
Images = tuple[np.ndarray, np.ndarray]


def paths(part: str) -> tuple[Path, Path]:
    """Return the files of *part* (train, validation or test): its images and its labels."""
    return FOLDER / part / "images.npy", FOLDER / part / "labels.npy"


def read(part: str) -> Images:
    """Return *part* as (images (n, 28, 28, 1) uint8, labels (n, 10) float32)."""
    images, labels = paths(part)
    return read_array(images), read_array(labels)


def write(part: str, content: Images) -> None:
    """Write *part*, the shapes and dtypes as :func:`read` returns them."""
    for path, array in zip(paths(part), content, strict=True):
        write_array(path, array)
