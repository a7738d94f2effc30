"""Debian's packages of datasets, such as ``dataset-fashion-mnist``, where one is installed."""

from pathlib import Path
from tempfile import TemporaryDirectory

from stages.common.errors import StageError
from stages.fetch import idx
from stages.fetch.images import LabelledImages, in_memory
from stages.fetch.known import Dataset

FOLDER = Path("/usr/share/datasets")


def fetch(dataset: Dataset) -> LabelledImages:
    """Return *dataset* from the IDX files that its package has installed.

    Raises:
        StageError: Debian has no such package, or it is not installed.
    """
    if dataset.debian is None:
        raise StageError("has no such dataset")
    folder = FOLDER / dataset.debian
    if not folder.is_dir():
        raise StageError(f"`apt install dataset-{dataset.debian}` would bring it")
    with TemporaryDirectory() as scratch:
        return in_memory(idx.read_folder(folder, Path(scratch)))
