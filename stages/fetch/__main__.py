"""Get the labelled images: ``python -m stages.fetch``.

Reads params.yaml, and the network or a path of the user's own; writes data/raw.
"""

from pathlib import Path

from stages.common.command import run
from stages.common.errors import StageError
from stages.common.files import write_array
from stages.fetch import idx, npz, sources
from stages.fetch.images import CLASSES, LabelledImages
from stages.params import read_data

RAW = Path("data/raw")


def main() -> None:
    """Write ``data/raw/images.npy``, uint8 ``(n, 784)``, and ``labels.npy``, uint8 ``(n,)``."""
    settings = read_data()
    if settings.path is None:
        data = sources.fetch(settings.dataset, settings.sources)
    else:
        data = read_path(settings.path)
    if absent := set(range(CLASSES)).difference(data.labels.tolist()):
        print(f"warning: no image of {', '.join(map(str, sorted(absent)))}")
    write_array(RAW / "images.npy", data.images)
    write_array(RAW / "labels.npy", data.labels)
    print(f"images {data.images.shape} {data.images.dtype}")
    print(f"labels {data.labels.shape} {data.labels.dtype}")


def read_path(path: str) -> LabelledImages:
    """Return the images at *path*: a folder of IDX files, or an ``.npz`` file.

    Raises:
        StageError: it is neither, or its content is not labelled images.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        return idx.read_folder(place)
    if place.exists() and place.suffix == ".npz":
        return npz.read(place)
    raise StageError(
        f"params.yaml: data.path: {path!r} is {'something else' if place.exists() else 'not there'}"
        "; expected a folder of IDX files or an .npz file, or null to fetch the dataset"
    )


if __name__ == "__main__":
    run(main)
