"""Images of your own: which reader a path wants."""

from pathlib import Path

from stages.common.errors import StageError
from stages.fetch import idx, npz
from stages.fetch.images import LabelledImages


def read(path: str) -> LabelledImages:
    """Return the images at *path*: a folder of IDX files, or an ``.npz`` file.

    Raises:
        StageError: nothing is there, it is neither, or its content is not labelled images.
    """
    try:
        place = Path(path).expanduser()
        found = bool(path) and place.exists()
    except (OSError, RuntimeError, ValueError):  # too long a name, no such user, no text at all
        found = False
    if not found:
        raise StageError(
            f"params.yaml: data.path: {path!r} is not there; expected a folder of IDX files or"
            " an .npz file, or null to fetch the dataset"
        )
    if place.is_dir():
        return idx.read_folder(place)
    if place.suffix == ".npz":
        return npz.read(place)
    raise StageError(
        f"params.yaml: data.path: {path!r} is neither a folder of IDX files nor an .npz file"
    )
