"""Reshape, one-hot encode and split the images: ``python -m stages.preprocess``.

Reads data/raw; writes data/processed/train, validation and test.
"""

from pathlib import Path

import numpy as np

from stages import processed
from stages.common.command import run
from stages.common.files import read_array
from stages.params import read_data
from stages.preprocess.splitting import one_hot, read_split, split_indices

RAW = Path("data/raw")


def main() -> None:
    """Split the images that ``fetch`` wrote."""
    data, split = read_data(), read_split()
    images = read_array(RAW / "images.npy")
    if data.limit is not None and data.limit > len(images):
        print(f"note: data.limit is {data.limit}, more than the {len(images)} images there are")
    images = images[: data.limit].reshape(-1, 28, 28, 1)
    labels = one_hot(read_array(RAW / "labels.npy")[: data.limit])
    print(f"images {images.shape} {images.dtype}, labels {labels.shape} {labels.dtype}")

    parts = split_indices(len(images), split)
    for name, chosen in parts.items():
        part = images[chosen], labels[chosen]
        processed.write(name, part)
        print(f"{name}: images {part[0].shape}, labels {part[1].shape}")
        absent = np.flatnonzero(~part[1].any(axis=0))
        if len(absent):
            print(f"warning: {name}: no image of {', '.join(map(str, absent))}")
    if split.validation_fraction == 0:
        print("note: split.validation_fraction is 0, so validation and test are the same images")


if __name__ == "__main__":
    run(main)
