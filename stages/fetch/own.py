"""The user's own images, in the folder ``images`` or elsewhere, in place of a dataset."""

from pathlib import Path

import yaml

from stages import params
from stages.common.errors import StageError
from stages.fetch.files.walk import is_hidden, walk
from stages.params import OWN, Data

LOCK = Path("dvc.lock")


def check() -> None:
    """Fail if DVC would not see the images as they are.

    At a broken link or a strange name DVC stops with a message that helps nobody, and a link to a
    folder it passes over in silence.

    Raises:
        StageError: there are none, or one is such that DVC does not see it.
    """
    place = Path(params.read_data().path)
    if place.is_dir():
        walk(place)
    elif not place.exists():
        raise StageError(
            f"{params.PATH}: data.path: '{place}' does not exist; "
            "give a path relative to the project's folder, or an absolute one without ~"
        )


def name(path: str) -> str:
    """Return what to call the images in *path*: the name of the file, or of the folder with a /."""
    place = Path(path)
    return f"{place.resolve().name}/" if place.is_dir() else place.name


def is_dataset_wanted(settings: Data) -> bool:
    """Return whether to fetch the dataset, since the user has put nothing into ``images``.

    Raises:
        StageError: something of the user's should be there and is not.
    """
    place = Path(settings.path)
    if place.is_dir():
        for file in sorted(place.rglob("*.dvc")):
            if file.is_file() and not file.with_suffix("").exists():
                raise StageError(f"{file}: what it stands for is not here; `dvc pull` gets it")
    if place != OWN or not _is_empty(place):
        return False
    checkout = params.experiments_origin()
    if checkout and not _is_empty(checkout / OWN):
        raise StageError(
            f"{checkout / OWN}: an experiment gets only what Git or DVC keeps; run "
            f"`dvc add {OWN}/*/`, then `git add {OWN}`"
        )
    if _had_images():
        raise StageError(
            f"{OWN}: empty, but dvc.lock is of images in it; bring them back (`dvc add` where they "
            f"are, then `dvc pull` here), or remove dvc.lock to train on {settings.dataset}"
        )
    return True


def _had_images() -> bool:
    """Return whether the last fetch found a file in the folder, by dvc.lock."""
    if not LOCK.exists():
        return False
    fetch = yaml.safe_load(LOCK.read_text(encoding="utf-8"))["stages"].get("fetch", {})
    return any(dep["path"] == f"{OWN}/" and dep["nfiles"] for dep in fetch.get("deps", ()))


def _is_empty(folder: Path) -> bool:
    return not folder.is_dir() or all(is_hidden(path.name) for path in folder.iterdir())
