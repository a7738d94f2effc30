"""Get the labelled images: ``python -m stages.fetch``.

Reads params.yaml, and the network or the user's own files; writes data/raw.
"""

import importlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from stages import params, raw
from stages.common.command import run
from stages.common.errors import StageError
from stages.fetch import own, sources
from stages.fetch.files import folder, idx
from stages.fetch.files.resizing import all_resized
from stages.fetch.images import LabelledImages, size_of
from stages.params import Data, read_data

# Of more classes, the first and the last few are printed.
MANY, SOME = 12, 5


def main() -> None:
    """Write the images, their labels, classes and split."""
    settings = read_data()
    fetched = own.is_dataset_wanted(settings)
    raw.FOLDER.mkdir(parents=True, exist_ok=True)
    # Not in the system's temporary folder, which may be in memory. If this process is killed, DVC
    # removes this folder before the next run.
    with TemporaryDirectory(prefix=".unpacked-", dir=raw.FOLDER) as scratch:
        data = read(settings, fetched, Path(scratch))
        raw.write_images(data.chunks(), data.image)
    if left_out := len(data.left_out):
        print(f"note: left out {left_out:,} image{'s' * (left_out > 1)} that cannot be read")
    data = data.kept()
    about = raw.About(
        name=str(settings.dataset) if fetched else own.name(settings.path),
        dataset=settings.dataset if fetched else None,
        classes=data.classes,
        parts=data.parts,
        files=data.files,
    )
    raw.write_rest(data.labels, about)
    counted = ", ".join(f"{size:,} to {name}" for name, size in data.parts.items())
    print(
        f"{len(data.labels):,} images of {size_of(data.image)}, {len(data.classes)} classes: "
        + ", ".join(counts(data))
        + (f"; the data's own split: {counted}" if counted else "")
    )


def read(settings: Data, fetched: bool, scratch: Path) -> LabelledImages:
    """Return the dataset that *settings* name if it is to be *fetched*, else the user's own images.

    Compressed files are unpacked in *scratch*.

    Raises:
        StageError: there are none.
    """
    place = Path(settings.path)
    if fetched:
        data = sources.fetch(settings.dataset, settings.sources)
    elif place.is_dir() and not idx.is_folder(place):
        return folder.read(place, settings.size, settings.skip_damaged)
    elif place.is_dir():
        data = idx.read_folder(place, scratch)
    elif place.is_file() and (form := place.suffix.lower()) in (".csv", ".npz"):
        # Only the one that is needed, since pandas takes its time.
        reader = importlib.import_module(f"stages.fetch.files.{form[1:]}")
        data = reader.read(place, scratch)
    else:
        raise StageError(
            f"{params.PATH}: data.path: {settings.path!r} is missing, or none of these: a folder "
            "with one sub-folder for each class, a folder of IDX files, an .npz file, a .csv file"
        )
    return all_resized(data, settings.size) if settings.size else data


def counts(data: LabelledImages) -> list[str]:
    """Return each class with the number of its images; of many classes, the first and last."""
    numbers = np.bincount(data.labels, minlength=len(data.classes))
    found = [f"{name} ({number:,})" for name, number in zip(data.classes, numbers, strict=True)]
    return found if len(found) <= MANY else [*found[:SOME], "...", *found[-SOME:]]


if __name__ == "__main__":
    run(main)
