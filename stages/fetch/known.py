"""The datasets whose every byte is known, and their names at each source."""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np

from stages.common.errors import StageError
from stages.fetch.images import LabelledImages


@dataclass(frozen=True)
class Dataset:
    """A dataset, with its names at OpenML and in Keras.

    A known one has the same content from every source: it has checksums of its values (images
    uint8, labels uint8), the names of its classes and its own split.
    """

    openml: str | int
    keras: str
    images_sha256: str | None = None
    labels_sha256: str | None = None
    classes: list[str] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Return whether there are checksums for it."""
        return self.images_sha256 is not None


# The training images, then the test images: the authors' split, and OpenML's order.
OWN_SPLIT = {"train": 60_000, "test": 10_000}
# http://yann.lecun.com/exdb/mnist/
MNIST = Dataset(
    openml=554,
    keras="mnist",
    images_sha256="5b92582eb909c82a9bfefcd44acbe9233be3eb5b419a44cf211022ad2bf4bf96",
    labels_sha256="671ff9d70b4811116d55c3dd479efa7a981e2e62753ef7a6d5c15fea81e63d27",
    classes=[str(digit) for digit in range(10)],
    parts=OWN_SPLIT,
)
# https://github.com/zalandoresearch/fashion-mnist
FASHION_MNIST = Dataset(
    openml=40996,
    keras="fashion_mnist",
    images_sha256="0fbbfcb392782b3b702472ead3688778e1509e8cf40f5c24d9d3303618b193ab",
    labels_sha256="8ab940a680640f36c0bf1d2549cb2f3b3d4068c12547116cc7b1161b1d26663d",
    classes=[
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ],
    parts=OWN_SPLIT,
)  # fmt: skip
# By OpenML's number and by name. Names are lower case, as OpenML treats them.
KNOWN: dict[str | int, Dataset] = {
    **dict.fromkeys((554, "mnist_784", "mnist"), MNIST),
    **dict.fromkeys((40996, "fashion-mnist", "fashion_mnist"), FASHION_MNIST),
}


def find(name: str | int) -> Dataset:
    """Return the dataset of that *name* or OpenML number; it need not be known."""
    key = name.lower() if isinstance(name, str) else name
    return KNOWN.get(key) or Dataset(openml=name, keras=str(name))


def verified(data: LabelledImages, dataset: Dataset) -> LabelledImages:
    """Return *data* with the classes and the split of *dataset*, a known one.

    Raises:
        StageError: it is not that dataset, value for value.
    """
    images = hashlib.sha256()
    for chunk in data.chunks():
        images.update(np.ascontiguousarray(chunk).data)
    labels = hashlib.sha256(data.labels.tobytes())
    for kind, found, expected in (
        ("images", images.hexdigest(), dataset.images_sha256),
        ("labels", labels.hexdigest(), dataset.labels_sha256),
    ):
        if found != expected:
            raise StageError(f"{kind} with SHA-256 {found}, expected {expected}")
    return replace(data, classes=dataset.classes, parts=dataset.parts)
