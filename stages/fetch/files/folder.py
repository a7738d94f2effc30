"""A folder with one sub-folder for each class, of image files, as people keep photographs."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image

from stages.common.arrays import chunked
from stages.common.errors import StageError
from stages.fetch.files.decoding import SUFFIXES, decoding, opened
from stages.fetch.files.decoding import read as read_image
from stages.fetch.files.resizing import resized
from stages.fetch.images import COLOUR, GREY, LabelledImages

GREY_MODES = ("1", "L", "LA", "I;16")
# Sub-folders of these names, in small letters or capitals, hold the classes of one part each, if
# there is `train`.
SPLIT = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


class File(NamedTuple):
    """One image file and the name of its class."""

    path: Path
    name: str


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
    classes = sorted({file.name for file in files})
    if len(classes) == 1:
        raise StageError(
            f"{folder}: the only class is {classes[0]!r}; "
            "there must be two sub-folders or more, one for each class"
        )
    image = _shape_of_all([file.path for file in files], size)
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers[file.name] for file in files])
    mode = "L" if image[2] == GREY else "RGB"

    def chunks() -> Iterator[np.ndarray]:
        for few in chunked(len(files), int(np.prod(image))):
            pixels = (read_image(file.path, file.path, mode) for file in files[few])
            yield np.stack([resized(one, size) if size else one for one in pixels])

    return LabelledImages(
        chunks, image, labels.astype(np.min_scalar_type(len(classes) - 1)), classes, parts
    )


def _files(folder: Path) -> tuple[list[File], dict[str, int]]:
    """Return the images of all classes, part after part, and how many each part has."""
    above = _folders(folder)
    if "train" not in [path.name.lower() for path in above]:
        return _in_turn(above), {}
    if others := [path.name for path in above if path.name.lower() not in SPLIT]:
        raise StageError(
            f"{folder}: {others[0]} beside train; where the data is split, "
            "its sub-folders are train, validation and test, and the classes stand in those"
        )
    parts: dict[str, list[File]] = {}
    for name in dict.fromkeys(SPLIT.values()):
        for path in above:
            if SPLIT[path.name.lower()] == name:
                parts[name] = parts.get(name, []) + _in_turn(_folders(path))
    files = [file for some in parts.values() for file in some]
    return files, {name: len(some) for name, some in parts.items()}


def _folders(folder: Path) -> list[Path]:
    """Return the sub-folders of *folder*, by name.

    Raises:
        StageError: there is none, one has a name that is no text, or an image stands beside them,
            which would belong to no class.
    """
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in entries:
        if path.suffix.lower() in SUFFIXES and path.is_file():
            raise StageError(f"{path}: an image beside the classes' folders; put it into one")
    folders = [path for path in entries if path.is_dir()]
    if not folders:
        raise StageError(f"{folder}: no sub-folders; there must be one for each class")
    for path in folders:
        try:
            path.name.encode()
        except UnicodeEncodeError:
            raise StageError(f"{str(path)!r}: a name that is not UTF-8; rename it") from None
    return folders


def _in_turn(folders: Sequence[Path]) -> list[File]:
    """Return the first image of each class, then the second of each, and so on."""
    columns = [[File(path, folder.name) for path in _images(folder)] for folder in folders]
    return [file for row in zip_longest(*columns) for file in row if file]


def _images(folder: Path) -> list[Path]:
    """Return the image files of a class, by name; say what is left out."""
    inside = [path.relative_to(folder) for path in sorted(folder.rglob("*"))]
    files = [
        folder / path
        for path in inside
        if not any(part.startswith(".") for part in path.parts) and (folder / path).is_file()
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
        with opened(path, path) as image:
            colour = colour or image.mode not in GREY_MODES
            # Asked where it decides something: of a PNG it takes decoding the whole.
            matters = size is None and image.width != image.height
            turned = matters and _lies_on_its_side(path, image)
            shape = image.size if turned else image.size[::-1]
        first = first or (path, shape)
        if size is None and shape != first[1]:
            sizes = [f"{width} x {height}" for height, width in (first[1], shape)]
            raise StageError(
                f"{first[0]} is {sizes[0]} pixels, {path} {sizes[1]}; "
                "set data.size, to which all are resized, such as 64"
            )
    assert first  # noqa: S101 - no class is empty
    height, width = (size, size) if size else first[1]
    return height, width, COLOUR if colour else GREY


def _lies_on_its_side(path: Path, image: Image.Image) -> bool:
    """Tell whether the camera noted that *image* is to be turned by a quarter."""
    with decoding(path):
        return image.getexif().get(ExifTags.Base.Orientation) in range(5, 9)
