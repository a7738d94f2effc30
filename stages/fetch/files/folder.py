"""A folder with one sub-folder for each class, of image files, as people keep photographs."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from PIL import ExifTags

from stages.common.arrays import chunked
from stages.common.errors import StageError
from stages.fetch.files.decoding import SUFFIXES, decoding, opened
from stages.fetch.files.decoding import read as read_image
from stages.fetch.files.resizing import resized
from stages.fetch.images import COLOUR, GREY, LabelledImages, to_classes

GREY_MODES = ("1", "L", "LA", "I;16")
# What a camera notes of a picture to be turned by a quarter.
ORIENTATION, QUARTERS = ExifTags.Base.Orientation, range(5, 9)
# Sub-folders of these names, in small letters or capitals, hold the classes of one part each, if
# there is `train`.
SPLIT = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


def read(folder: Path, size: int | None) -> LabelledImages:
    """Return the images in *folder*, one of each class in turn, so that the first few are of all.

    Sub-folders of a class belong to it. Above the classes there may be the folders of the data's
    own split: ``train``, ``validation`` (or ``val``) and ``test``. Images are grey if every one
    is. Those of different sizes are brought to *size*.

    Raises:
        StageError: a file is no image, damaged or animated, sizes differ without *size*, a class
            is empty, or there is but one.
    """
    files, parts = _files(folder)
    labels, classes = to_classes([np.array([name for _, name in files])], [str(folder)])
    image = _shape_of_all([path for path, _ in files], size)
    mode = "L" if image[2] == GREY else "RGB"

    def chunks() -> Iterator[np.ndarray]:
        for few in chunked(len(files), int(np.prod(image))):
            pixels = (read_image(path, path, mode) for path, _ in files[few])
            yield np.stack([resized(one, size) if size else one for one in pixels])

    return LabelledImages(chunks, image, labels, classes, parts)


def _files(folder: Path) -> tuple[list[tuple[Path, str]], dict[str, int]]:
    """Return each image and its class, part after part, and how many each part has."""
    above = _folders(folder)
    if "train" not in [path.name.lower() for path in above]:
        return _in_turn(above), {}
    if others := [path.name for path in above if path.name.lower() not in SPLIT]:
        raise StageError(
            f"{folder}: {others[0]} beside train; where the data is split, "
            "its sub-folders are train, validation and test, and the classes stand in those"
        )
    parts: dict[str, list[tuple[Path, str]]] = {}
    for path in sorted(above, key=lambda path: list(SPLIT).index(path.name.lower())):
        part = SPLIT[path.name.lower()]
        parts[part] = parts.get(part, []) + _in_turn(_folders(path))
    return list(chain(*parts.values())), {name: len(some) for name, some in parts.items()}


def _folders(folder: Path) -> list[Path]:
    """Return the sub-folders of *folder*, by name.

    Raises:
        StageError: there is none, or an image stands beside them, which would be of no class.
    """
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in entries:
        if path.suffix.lower() in SUFFIXES and path.is_file():
            raise StageError(f"{path}: an image beside the classes' folders; put it into one")
    folders = [path for path in entries if path.is_dir()]
    if not folders:
        raise StageError(f"{folder}: no sub-folders; there must be one for each class")
    return folders


def _in_turn(folders: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return the first image of each class, then the second of each, and so on."""
    columns = [[(path, folder.name) for path in _images(folder)] for folder in folders]
    return [file for row in zip_longest(*columns) for file in row if file]


def _images(folder: Path) -> list[Path]:
    """Return the image files of a class, by name; say what is left out."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not re.search(r"(^|/)\.", path.relative_to(folder).as_posix())
    ]
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not images:
        raise StageError(
            f"{folder}: no image in this class; fill it with PNG, JPEG, WebP or BMP files, "
            "or remove it"
        )
    if others := [path for path in files if path.suffix.lower() not in SUFFIXES]:
        example = str(others[0].relative_to(folder))
        print(f"note: {folder}: left out {len(others)} that are no images, such as {example!r}")
    return images


def _shape_of_all(paths: Sequence[Path], size: int | None) -> tuple[int, int, int]:
    """Return the (height, width, channels) of every image, as far as can be from the headers."""
    colour, first = False, None
    for path in paths:
        with opened(path, path) as image, decoding(path):
            colour = colour or image.mode not in GREY_MODES
            width, height = image.size
            # Asked where it decides something: of a PNG it takes decoding the whole.
            if size is None and width != height and image.getexif().get(ORIENTATION) in QUARTERS:
                width, height = height, width
        first = first or (path, width, height)
        if size is None and (width, height) != first[1:]:
            raise StageError(
                f"{first[0]} is {first[1]} x {first[2]} pixels, {path} {width} x {height}; "
                "set data.size, to which all are resized, such as 64"
            )
    return size or height, size or width, COLOUR if colour else GREY
