"""Get the labelled images: ``python -m stages.fetch``.

Reads params.yaml, and the network or the user's own files; writes data/raw.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from stages import raw
from stages.common.command import run
from stages.common.errors import StageError
from stages.fetch import sources
from stages.fetch.files import folder, idx, npz
from stages.fetch.files.resizing import all_resized
from stages.fetch.images import LabelledImages, size_of
from stages.fetch.known import find
from stages.fetch.lock import warn_if_other
from stages.params import Data, read_data


def main() -> None:
    """Write the images, their labels, classes and split."""
    settings = read_data()
    raw.FOLDER.mkdir(parents=True, exist_ok=True)
    # Not in the system's temporary folder, which may be in memory. If this process is killed, DVC
    # removes this folder before the next run.
    with TemporaryDirectory(prefix=".unpacked-", dir=raw.FOLDER) as scratch:
        data = read(settings, Path(scratch))
        raw.write(data.chunks(), data.image, data.labels, data.classes, data.parts)
    counted = ", ".join(f"{size:,} to {name}" for name, size in data.parts.items())
    print(
        f"{len(data.labels):,} images of {size_of(data.image)}, {len(data.classes)} classes"
        + (f"; the data's own split: {counted}" if counted else "")
    )
    if settings.path is None and not find(settings.dataset).is_known:
        warn_if_other(settings)


def read(settings: Data, scratch: Path) -> LabelledImages:
    """Return the images that *settings* ask for; compressed files are unpacked in *scratch*.

    Raises:
        StageError: what they name is missing, or has no labelled images.
    """
    if settings.path is None:
        data = sources.fetch(settings.dataset, settings.sources)
    elif (place := Path(settings.path)).is_dir() and idx.is_folder(place):
        data = idx.read_folder(place, scratch)
    elif place.is_dir():
        return folder.read(place, settings.size)
    elif place.is_file() and place.suffix == ".npz":
        data = npz.read(place, scratch)
    else:
        raise StageError(
            f"params.yaml: data.path: {settings.path!r} is missing, or none of these: a folder "
            "with one sub-folder for each class, a folder of IDX files, an .npz file"
        )
    return all_resized(data, settings.size) if settings.size else data


if __name__ == "__main__":
    run(main)
