"""data/processed/: three sets of images and one-hot labels, readable with memory mapping."""

from pathlib import Path

import numpy as np

from stages.common.arrays import read_array
from stages.common.files import read_json, write_json
from stages.common.schema import Settings

FOLDER = Path("data/processed")
PIXELS = FOLDER / "train" / "pixels.json"
CLASSES = FOLDER / "test" / "classes.json"
WATCHED = FOLDER / "validation" / "part.json"
Images = tuple[np.ndarray, np.ndarray]


class Pixels(Settings):
    """Mean and standard deviation of the training images' pixels, 0..255, for each channel."""

    mean: list[float]
    deviation: list[float]


def paths(part: str) -> tuple[Path, Path]:
    """Return the files of *part* (train, validation or test): its images and its labels."""
    return FOLDER / part / "images.npy", FOLDER / part / "labels.npy"


def read(part: str) -> Images:
    """Return *part*: images (n, height, width, channels) uint8, labels (n, classes) float32."""
    images, labels = paths(part)
    return read_array(images), read_array(labels)


def read_pixels() -> Pixels:
    """Return mean and deviation of the training images' pixels."""
    return Pixels.parse(read_json(PIXELS), str(PIXELS))


def write_pixels(pixels: Pixels) -> None:
    """Write mean and deviation of the training images' pixels."""
    write_json(PIXELS, pixels.model_dump())


def read_classes() -> list[str]:
    """Return the classes' names, in the order of the labels' columns."""
    names: list[str] = read_json(CLASSES)
    return names


def write_classes(names: list[str]) -> None:
    """Write the classes' names."""
    write_json(CLASSES, names)


def read_watched() -> str:
    """Return which images are watched during training: ``validation`` or ``test``."""
    part: str = read_json(WATCHED)
    return part


def write_watched(part: str) -> None:
    """Write which images the validation images are: ``validation``, or those of ``test``."""
    write_json(WATCHED, part)
