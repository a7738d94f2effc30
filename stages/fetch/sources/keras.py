"""The files that Keras's own datasets are loaded from, read without Keras.

Their addresses and checksums are those in Keras's source:
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
# By Keras's name of the dataset: the files' addresses, and their SHA-256 where Keras checks it.
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
    """Return *dataset* out of the file that Keras would download for it.

    Raises:
        StageError: Keras has no such dataset, its file cannot be had or is not the one we know.
    """
    if dataset.keras not in FILES:
        raise StageError(f"has no such dataset, but {', '.join(FILES)}")
    with TemporaryDirectory() as place:
        folder = Path(place)
        for address, sha256 in FILES[dataset.keras].items():
            download(address, folder, sha256)
        # What is mapped stays readable when the folder is gone.
        if dataset.keras == "cifar10":
            return read_cifar10(folder / CIFAR10)
        if dataset.keras == "mnist":
            return npz.read(folder / "mnist.npz", folder)
        return idx.read_folder(folder, folder)


def download(address: str, folder: Path, sha256: str | None) -> None:
    """Keep the file at *address* in *folder*, under its own name.

    Raises:
        StageError: it cannot be had, or it has another checksum than *sha256*.
    """
    file = folder / address.rsplit("/", maxsplit=1)[-1]
    try:
        with urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - addresses of ours
            # Whole, since read in pieces it would end in silence where the line does.
            content = answer.read()
    # A name that is not found, a refusal, a line that goes dead in the middle.
    except (OSError, HTTPException) as error:
        raise StageError(f"{file.name} cannot be fetched ({one_line(error)})") from None
    actual = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, actual):
        raise StageError(f"{file.name} has SHA-256 {actual}, expected {sha256}")
    file.write_bytes(content)


def read_cifar10(path: Path) -> LabelledImages:
    """Return CIFAR-10 out of its archive: https://www.cs.toronto.edu/~kriz/cifar.html.

    Each of its pickles has the red, the green and the blue of an image one after the other.
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
