"""Split the images and one-hot encode their labels: ``python -m stages.preprocess``.

Reads data/raw; writes data/processed/train, validation and test. Only a few megabytes of images are
in memory at a time.
"""

from collections.abc import Iterator

import numpy as np

from stages import processed, raw
from stages.common.arrays import chunked, chunks_of, gather, read_array, write_rows
from stages.common.command import run
from stages.params import read_data
from stages.preprocess.pixels import describe
from stages.preprocess.splitting import read_split, split_indices


def main() -> None:
    """Split the images that ``fetch`` wrote."""
    data, split = read_data(), read_split()
    images, labels, about = raw.read()
    count, classes = len(images), len(about.classes)
    if data.limit is not None and data.limit > count:
        print(f"note: data.limit is {data.limit}, more than the {count} images there are")

    parts = split_indices(count, split, about.parts, data.limit)
    for name, chosen in parts.items():
        image_path, label_path = processed.paths(name)
        shape = (len(chosen), *images.shape[1:])
        chunks = chunked(len(chosen), images[:1].nbytes)
        gathered = (gather(images, chosen[few]) for few in chunks)
        write_rows(image_path, shape, images.dtype, gathered)
        encoded = one_hot(labels[chosen], classes)
        write_rows(label_path, (len(chosen), classes), np.dtype(np.float32), encoded)
        print(f"{name}: images {shape}, labels {(len(chosen), classes)}")
        warn_of_absent(name, labels[chosen], about.classes)
    processed.write_pixels(describe(chunks_of(read_array(processed.paths("train")[0]))))
    processed.write_classes(about.classes)
    watched = "test" if parts["validation"] is parts["test"] else "validation"
    processed.write_watched(watched)
    if watched == "test":
        print("note: split.validation_fraction is 0, so validation and test are the same images")


def one_hot(labels: np.ndarray, classes: int) -> Iterator[np.ndarray]:
    """Yield *labels* (n,) in 0..classes - 1 as one-hot rows (n, classes) float32, in chunks."""
    for few in chunked(len(labels), 4 * classes):
        yield (labels[few, None] == np.arange(classes)).astype(np.float32)


def warn_of_absent(part: str, labels: np.ndarray, classes: list[str]) -> None:
    """Print which of the *classes* have no image among *labels*, the first few by name."""
    absent = [classes[i] for i in np.setdiff1d(np.arange(len(classes)), labels)]
    if absent:
        more = f" and {len(absent) - 10} more" if len(absent) > 10 else ""  # noqa: PLR2004
        print(f"warning: {part}: no image of {', '.join(absent[:10])}{more}")


if __name__ == "__main__":
    run(main)
