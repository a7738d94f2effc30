"""Split the images and one-hot encode their labels: ``python -m stages.preprocess``.

Reads data/raw; writes data/processed/train, validation and test, and metrics/dataset.json. Only a
few megabytes of images are in memory at a time.
"""

from collections.abc import Iterator

import numpy as np

from stages import dataset, processed, raw
from stages.common.arrays import chunked, chunks_of, gather, read_array, write_rows
from stages.common.command import run
from stages.dataset import Dataset
from stages.params import read_data
from stages.preprocess.copies import copies
from stages.preprocess.pixels import describe
from stages.preprocess.splitting import read_split, split_indices


def main() -> None:
    """Split the images that ``fetch`` wrote."""
    data, split = read_data(), read_split()
    images, labels, about = raw.read()
    count, classes = len(images), len(about.classes)
    if data.limit is not None and data.limit > count:
        print(f"note: data.limit is {data.limit}, more than the {count} images there are")

    parts = split_indices(labels, split, about.parts, data.limit)
    for name, chosen in parts.items():
        image_path, label_path = processed.paths(name)
        chunks = chunked(len(chosen), images[:1].nbytes)
        gathered = (gather(images, chosen[few]) for few in chunks)
        write_rows(image_path, images.shape[1:], images.dtype, gathered)
        encoded = one_hot(labels[chosen], classes)
        write_rows(label_path, (classes,), np.dtype(np.float32), encoded)
        shape = (len(chosen), *images.shape[1:])
        print(f"{name}: images {shape}, labels {(len(chosen), classes)}")
    processed.write_pixels(describe(chunks_of(read_array(processed.paths("train")[0]))))
    processed.write_classes(about.classes)
    watched = "test" if parts["validation"] is parts["test"] else "validation"
    processed.write_watched(watched)
    if watched == "test":
        print("note: split.validation_fraction is 0, so validation and test are the same images")
    counted = {name: np.bincount(labels[of], minlength=classes) for name, of in parts.items()}
    drawn = {"test": split.test_fraction, "validation": split.validation_fraction}
    described = Dataset(
        name=about.name,
        dataset=about.dataset,
        watched=watched,
        drawn=[name for name, share in drawn.items() if share and not split.stratified],
        classes=[
            {"class": name, **{part: int(counts[i]) for part, counts in counted.items()}}
            for i, name in enumerate(about.classes)
        ],
    )
    dataset.write(described)
    for warning in (*described.gaps(), *copies(parts, about.files)):
        print(f"warning: {warning}")


def one_hot(labels: np.ndarray, classes: int) -> Iterator[np.ndarray]:
    """Yield *labels* (n,) in 0..classes - 1 as one-hot rows (n, classes) float32, in chunks."""
    for few in chunked(len(labels), 4 * classes):
        yield (labels[few, None] == np.arange(classes)).astype(np.float32)


if __name__ == "__main__":
    run(main)
