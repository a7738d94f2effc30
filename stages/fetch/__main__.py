"""Get the labelled images: ``python -m stages.fetch``.

Reads params.yaml, and the network or a path of the user's own; writes data/raw.
"""

from pathlib import Path

from stages.common.command import run
from stages.common.files import write_array
from stages.fetch import own, sources
from stages.fetch.images import absent_classes
from stages.params import read_data

RAW = Path("data/raw")


def main() -> None:
    """Write ``data/raw/images.npy``, uint8 ``(n, 784)``, and ``labels.npy``, uint8 ``(n,)``."""
    settings = read_data()
    if settings.path is None:
        data = sources.fetch(settings.dataset, settings.sources)
    else:
        data = own.read(settings.path)
    if absent := absent_classes(data.labels):
        print(f"warning: no image of {', '.join(map(str, absent))}")
    write_array(RAW / "images.npy", data.images)
    write_array(RAW / "labels.npy", data.labels)
    print(f"images {data.images.shape} {data.images.dtype}")
    print(f"labels {data.labels.shape} {data.labels.dtype}")


if __name__ == "__main__":
    run(main)
