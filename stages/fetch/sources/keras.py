"""The files of Keras's own datasets, read without Keras.

Their addresses and checksums come from Keras's source:
https://github.com/keras-team/keras/tree/v3.15.1/keras/src/datasets
"""

import hashlib
import tarfile
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast
from urllib.request import urlopen

import numpy as np

from stages.common.errors import StageError, one_line
from stages.fetch.files import idx, npz, pickled
from stages.fetch.images import LabelledImages, Part, labelled
from stages.fetch.known import Dataset

GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
TORONTO = "https://www.cs.toronto.edu/~kriz"
CIFAR10 = "cifar-10-python.tar.gz"
BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
# By Keras's name of the dataset: the files' addresses, and their SHA-256 if Keras checks it.
FILES: dict[str, dict[str, str | None]] = {
    "mnist": {
        f"{GOOGLE}/mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
    },
    "fashion_mnist": {
        f"{GOOGLE}/{part}-{kind}-ubyte.gz": None
        for part in ("train", "t10k")
        for kind in ("images-idx3", "labels-idx1")
    },
    "cifar10": {
        f"{TORONTO}/{CIFAR10}": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    },
}
TIMEOUT_SECONDS = 15


def fetch(dataset: Dataset) -> LabelledImages:
    """Return *dataset* from the files that Keras would download for it.

    Raises:
        StageError: Keras has no such dataset, a file cannot be fetched, or is not the known one.
    """
    if dataset.keras not in FILES:
        raise StageError(f"has no such dataset, only {', '.join(FILES)}")
    with TemporaryDirectory() as place:
        folder = Path(place)
        for address, sha256 in FILES[dataset.keras].items():
            download(address, folder, sha256)
        # Memory-mapped files stay readable after the folder is gone.
        if dataset.keras == "cifar10":
            return read_cifar10(folder / CIFAR10)
        if dataset.keras == "mnist":
            return npz.read(folder / "mnist.npz", folder)
        return idx.read_folder(folder, folder)


def download(address: str, folder: Path, sha256: str | None) -> None:
    """Download the file at *address* into *folder*, under its own name.

    Raises:
        StageError: it cannot be fetched, or its checksum is not *sha256*.
    """
    file = folder / address.rsplit("/", maxsplit=1)[-1]
    try:
        with urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own addresses
            # In one read: reading in pieces would not notice a lost connection.
            content = answer.read()
    # An unknown host, a refused connection, or one that is lost halfway.
    except (OSError, HTTPException) as error:
        raise StageError(f"{file.name} cannot be fetched ({one_line(error)})") from None
    actual = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, actual):
        raise StageError(f"{file.name} has SHA-256 {actual}, expected {sha256}")
    file.write_bytes(content)


def read_cifar10(path: Path) -> LabelledImages:
    """Return CIFAR-10 from its archive: https://www.cs.toronto.edu/~kriz/cifar.html.

    In each of its pickles an image is its red values, then its green, then its blue ones.
    """
    parts = {}
    with tarfile.open(path) as archive:

        def member(name: str) -> Any:
            file = archive.extractfile(f"cifar-10-batches-py/{name}")
            return pickled.load(cast(IO[bytes], file))

        for part, names in BATCHES.items():
            batches = [member(name) for name in names]
            planes = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, 32, 32)
            labels = np.concatenate([batch[b"labels"] for batch in batches])
            parts[part] = Part(planes.transpose(0, 2, 3, 1), labels, path.name)
        classes = [name.decode() for name in member("batches.meta")[b"label_names"]]
    return replace(labelled(parts, split=True), classes=classes)
