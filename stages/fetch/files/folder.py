"""A folder of image files, with one sub-folder for each class."""

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
# The EXIF orientations that swap width and height.
ORIENTATION, QUARTERS = ExifTags.Base.Orientation, range(5, 9)
# If there is a sub-folder `train`, those with these names, in upper or lower case, each hold the
# classes of one part.
SPLIT = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


def read(folder: Path, size: int | None) -> LabelledImages:
    """Return the images in *folder*, one of each class in turn: the first few have every class.

    Sub-folders of a class belong to it. Above the classes there may be the folders of the data's
    own split: ``train``, ``validation`` (or ``val``) and ``test``. Images are grey if all of them
    are. With *size*, all are resized to it.

    Raises:
        StageError: a file is not an image, damaged or animated; sizes differ and there is no
            *size*; a class is empty; or there is only one.
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
    """Return each image with its class, part after part, and the number of images in each part."""
    above = _folders(folder)
    if "train" not in [path.name.lower() for path in above]:
        return _in_turn(above), {}
    if others := [path.name for path in above if path.name.lower() not in SPLIT]:
        raise StageError(
            f"{folder}: {others[0]} beside train; if the data is split, "
            "its sub-folders are train, validation and test, with the classes inside them"
        )
    parts: dict[str, list[tuple[Path, str]]] = {}
    for path in sorted(above, key=lambda path: list(SPLIT).index(path.name.lower())):
        part = SPLIT[path.name.lower()]
        parts[part] = parts.get(part, []) + _in_turn(_folders(path))
    return list(chain(*parts.values())), {name: len(some) for name, some in parts.items()}


def _folders(folder: Path) -> list[Path]:
    """Return the sub-folders of *folder*, sorted by name.

    Raises:
        StageError: there are none, or there is an image beside them, which has no class.
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
    """Return the image files of a class, sorted by name; print what is left out."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not re.search(r"(^|/)\.", path.relative_to(folder).as_posix())
    ]
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not images:
        raise StageError(
            f"{folder}: no image in this class; add PNG, JPEG, WebP or BMP files, or remove it"
        )
    if others := [path for path in files if path.suffix.lower() not in SUFFIXES]:
        example = str(others[0].relative_to(folder))
        print(f"note: {folder}: left out {len(others)} that are not images, such as {example!r}")
    return images


def _shape_of_all(paths: Sequence[Path], size: int | None) -> tuple[int, int, int]:
    """Return the (height, width, channels) of the images, from the files' headers if possible."""
    colour, first = False, None
    for path in paths:
        with opened(path, path) as image, decoding(path):
            colour = colour or image.mode not in GREY_MODES
            width, height = image.size
            # Only if it matters: in a PNG, reading it means decoding the whole image.
            if size is None and width != height and image.getexif().get(ORIENTATION) in QUARTERS:
                width, height = height, width
        first = first or (path, width, height)
        if size is None and (width, height) != first[1:]:
            raise StageError(
                f"{first[0]} is {first[1]} x {first[2]} pixels, {path} {width} x {height}; "
                "set data.size, such as 64, to resize them all"
            )
    return size or height, size or width, COLOUR if colour else GREY
