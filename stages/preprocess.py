"""Reshape, one-hot encode and split the images: ``python -m stages.preprocess``.

Reads data/raw; writes data/processed/train, validation and test.
"""

import itertools
from pathlib import Path

from stages import processed
from stages.command import run
from stages.files import read_array
from stages.params import read_data, read_split
from stages.splitting import one_hot, split_indices

RAW = Path("data/raw")


def main() -> None:
    """Split the images that ``fetch`` wrote."""
    data, split = read_data(), read_split()
    images = read_array(RAW / "images.npy")[: data.limit].reshape(-1, 28, 28, 1)
    labels = one_hot(read_array(RAW / "labels.npy")[: data.limit])
    print(f"images {images.shape} {images.dtype}, labels {labels.shape} {labels.dtype}")

    parts = split_indices(len(images), split)
    for name, chosen in parts.items():
        processed.write(name, (images[chosen], labels[chosen]))
        print(f"{name}: images {(len(chosen), *images.shape[1:])}, labels {labels[chosen].shape}")
    for one, other in itertools.combinations(parts, 2):
        if parts[one] is parts[other]:
            print(f"note: split.validation_fraction is 0, so {one} and {other} are the same images")


if __name__ == "__main__":
    run(main)
