"""A folder of image files, with one sub-folder for each class."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, zip_longest
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TypeVar

import numpy as np

from stages import raw
from stages.common.arrays import chunked
from stages.common.errors import StageError, some
from stages.fetch.files.decoding import (
    GREY_MODES,
    ORIENTATION,
    QUARTERS,
    READABLE,
    SUFFIXES,
    decoding,
    opened,
)
from stages.fetch.files.decoding import read as read_image
from stages.fetch.files.resizing import Size
from stages.fetch.files.walk import is_hidden, walk
from stages.fetch.images import COLOUR, GREY, LabelledImages, composed, size_of, to_classes
from stages.fetch.parts import part_of

Result = TypeVar("Result")


def read(folder: Path, size: Size | None, skip_damaged: bool = False) -> LabelledImages:
    """Return the images in *folder*, one of each class in turn: the first few have every class.

    Sub-folders of a class belong to it. Above the classes there may be the folders of the data's
    own split, with the names in :mod:`stages.fetch.parts`. Images are grey if all of them are. With
    *size*, all are resized to it. They are decoded on all cores. With *skip_damaged*, those that
    cannot be read are left out.

    Raises:
        StageError: a file cannot be read; sizes differ and there is no *size*; a class is empty, or
            there is only one; there is a link to a folder.
    """
    walk(folder)
    files, parts = _files(folder)
    paths = [path for path, _ in files]
    labels, classes = to_classes([np.array([name for _, name in files])], [str(folder)])
    image = (*size, _channels(paths)) if size else _shape_of_all(paths)
    left_out: list[int] = []

    def pixels_of(path: Path) -> np.ndarray:
        pixels = read_image(path, path, "L" if image[2] == GREY else "RGB", size)
        if pixels.shape != image:
            raise StageError(f"{path}: {size_of(pixels.shape)}, and not {size_of(image)}")
        return pixels

    def chunks() -> Iterator[np.ndarray]:
        errors: dict[int, StageError] = {}
        with ThreadPool() as pool:
            for few in chunked(len(paths), int(np.prod(image))):
                read_all = pool.map(partial(_or_error, pixels_of), paths[few])
                found = dict(enumerate(read_all, few.start))
                errors |= {i: one for i, one in found.items() if isinstance(one, StageError)}
                if pixels := [one for one in found.values() if isinstance(one, np.ndarray)]:
                    yield np.stack(pixels)
        if errors and not skip_damaged:
            raise _unreadable(errors, paths)
        left_out[:] = errors

    names = [path.relative_to(folder).as_posix() for path in paths]
    return LabelledImages(chunks, image, labels, classes, parts, names, left_out)


def _or_error(function: Callable[[Path], Result], path: Path) -> Result | StageError:
    """Return *function* of *path*, or its error, so that it can be called for every file."""
    try:
        return function(path)
    except StageError as error:
        return error


def _unreadable(errors: Mapping[int, object], paths: Sequence[Path]) -> StageError:
    """Return the error that names those of *paths* that have *errors*, by position."""
    order = sorted(errors, key=lambda i: paths[i])
    first = errors[order[0]]
    if len(order) == 1:
        return StageError(str(first))
    named = some([str(paths[i]) for i in order])
    return StageError(
        f"{len(errors)} of {len(paths):,} images cannot be read: {named}; replace or remove "
        f"them, or leave them out with data.skip_damaged: true. The first: {first}"
    )


def _files(folder: Path) -> tuple[list[tuple[Path, str]], dict[str, int]]:
    """Return each image with its class, part after part, and the number of images in each part."""
    above = _folders(folder)
    parts: dict[str, list[tuple[Path, str]]] = {name: [] for name in raw.PARTS}
    split = [path for path in above if part_of(path.name) and _subfolders(path)]
    if "train" not in map(part_of, (path.name for path in split)):
        if split == above and len(above) > 1:
            raise StageError(f"{folder}: {split[0].name} without a train beside it")
        _warn_of_parts(above)
        return _in_turn(above), {}
    for path in above:
        if not (part := part_of(path.name)):
            raise StageError(
                f"{folder}: {path.name} beside {split[0].name}; if the data is split, "
                "its sub-folders are train, validation and test, with the classes inside them"
            )
        parts[part] += _in_turn(_folders(path, is_part=True))
    known = {name for _, name in parts["train"]}
    for part in raw.PARTS[1:]:
        for name in sorted({name for _, name in parts[part]} - known):
            print(f"warning: {folder}: {name!r} is a class in {part}, but not in train")
    return list(chain(*parts.values())), {name: len(few) for name, few in parts.items() if few}


def _warn_of_parts(folders: Sequence[Path]) -> None:
    """Print a warning if the classes in *folders* may be the parts of a split."""
    inside = [_subfolders(folder) for folder in folders]
    alike = len(inside[0]) > 1 and all(names == inside[0] for names in inside)
    if len(folders) > 1 and (alike or all(part_of(folder.name) for folder in folders)):
        names = some([folder.name for folder in folders])
        print(
            f"warning: the classes are {names}; if these are parts of a split, call them train and "
            "test, and put the classes' folders into them"
        )


def _subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in *folder*."""
    inside = sorted(folder.iterdir())
    return [path.name for path in inside if path.is_dir() and not is_hidden(path.name)]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _folders(folder: Path, is_part: bool = False) -> list[Path]:
    """Return the sub-folders of *folder*, sorted by name; those of its only one if it is a wrapper.

    Raises:
        StageError: there are none, or there is an image beside them, which has no class.
    """
    inside = sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    for path in filter(_is_image, inside):
        raise StageError(f"{path}: an image beside the classes' folders; put it into one")
    folders = [path for path in inside if path.is_dir()]
    if not folders:
        raise StageError(
            f"{folder}: no sub-folders; there must be one for each class, unless data.path names a "
            "file"
        )
    # As archives unpack: pets/pets/cat, or seg_train/seg_train/forest. One class is not enough, but
    # a part of a split may well have no other.
    is_wrapper = len(folders) == 1 and (not is_part or folders[0].name == folder.name)
    if is_wrapper and _subfolders(folders[0]) and not any(map(_is_image, folders[0].iterdir())):
        return _folders(folders[0], is_part)
    return folders


def _in_turn(folders: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return the first image of each class, then the second of each, and so on."""
    named = {folder: composed(folder.name) for folder in folders}
    columns = [[(path, named[folder]) for path in _images(folder)] for folder in folders]
    return [file for row in zip_longest(*columns) for file in row if file]


def _images(folder: Path) -> list[Path]:
    """Return the image files of a class, sorted by path; print what is left out."""
    files = [
        path for path in walk(folder) if not any(map(is_hidden, path.relative_to(folder).parts))
    ]
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    if not images:
        raise StageError(f"{folder}: no image in this class; add {READABLE} files, or remove it")
    if len(images) < len(files):
        other = min({*files} - {*images}).relative_to(folder).as_posix()
        left_out = len(files) - len(images)
        print(f"note: {folder}: left out {left_out} that are not images, such as {other!r}")
    return images


def _header(path: Path) -> tuple[Size, bool]:
    """Return what the file says of its image: its size once turned, and whether it is in colour."""
    with opened(path, path) as image, decoding(path):
        width, height = image.size
        # In a PNG, reading it means decoding the whole image; of a TIFF, Pillow gives it turned.
        may_be_turned = width != height and image.format != "TIFF"
        if may_be_turned and image.getexif().get(ORIENTATION) in QUARTERS:
            width, height = height, width
        return (height, width), image.mode not in GREY_MODES


def _channels(paths: Sequence[Path]) -> int:
    """Return the number of channels of the images: the first one in colour decides."""
    for path in paths:
        # What cannot be read is told with all that cannot be decoded.
        with suppress(StageError), opened(path, path) as image:
            if image.mode not in GREY_MODES:
                return COLOUR
    return GREY


def _shape_of_all(paths: Sequence[Path]) -> tuple[int, int, int]:
    """Return the (height, width, channels) of the images.

    Raises:
        StageError: their sizes differ, or none can be read.
    """
    with ThreadPool() as pool:
        found = dict(zip(paths, pool.map(partial(_or_error, _header), paths), strict=True))
    headers = {path: one for path, one in found.items() if not isinstance(one, StageError)}
    if not headers:
        raise _unreadable(dict(enumerate(found.values())), paths)
    channels = COLOUR if any(colour for _, colour in headers.values()) else GREY
    counts = Counter(size for size, _ in headers.values())
    if len(counts) > 1:
        (height, width), count = counts.most_common(1)[0]
        sizes = {path: one for path, (one, _) in headers.items()}
        first, *_ = sizes
        other = next(path for path in sizes if sizes[path] != sizes[first])
        small, large = (" x ".join(map(str, sizes[path][::-1])) for path in (first, other))
        wanted = height if height == width else f"[{height}, {width}]"
        raise StageError(
            f"{first} is {small} pixels, {other} {large}; set data.size to resize them all, such "
            f"as to {wanted}, which {count:,} of {len(headers):,} have, or to fewer pixels"
        )
    return *next(iter(counts)), channels
