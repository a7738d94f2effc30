"""The source of Keras's files, with files of our own and without a network."""

import hashlib
import io
import pickle
import re
import tarfile
from http.client import IncompleteRead
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.error import URLError

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.known import find
from stages.fetch.sources import keras


def test_cifar10_has_planes_names_and_a_split(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    names, labels = [f"kind {number}" for number in range(10)], [*range(10), 9, 3]
    images = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
    batches: dict[str, Any] = {"batches.meta": {b"label_names": [name.encode() for name in names]}}
    for number, batch in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        few = slice(2 * number, 2 * number + 2)
        planes = images[few].transpose(0, 3, 1, 2).reshape(2, -1)
        batches[batch] = {b"data": planes, b"labels": labels[few]}
    with tarfile.open(fileobj=(file := io.BytesIO()), mode="w:gz") as archive:
        for name, value in batches.items():
            # As an old NumPy pickled it.
            content = pickle.dumps(value, protocol=3).replace(b"numpy._core", b"numpy.core")
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path = here / keras.CIFAR10
    path.write_bytes(file.getvalue())
    sha256 = hashlib.sha256(file.getvalue()).hexdigest()
    monkeypatch.setitem(keras.FILES, "cifar10", {path.as_uri(): sha256})
    data = keras.fetch(find("cifar10"))
    np.testing.assert_array_equal(np.concatenate(list(data.chunks())), images)
    assert (data.labels.tolist(), data.classes) == (labels, names)
    assert data.parts == {"train": 10, "test": 2}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (URLError("refused"), "cannot be fetched (<urlopen error refused>)"),
        (IncompleteRead(b"cut", 9), "cannot be fetched (IncompleteRead(3 bytes read, 9 more exp"),
        # Not opened: it is not even a valid file.
        (io.BytesIO(b"wrong"), f"has SHA-256 {hashlib.sha256(b'wrong').hexdigest()}, expected 731"),
    ],
)
def test_a_file_that_does_not_come_or_is_another_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, answer: object, message: str
) -> None:
    monkeypatch.setattr(keras, "urlopen", Mock(side_effect=[answer]))
    with pytest.raises(StageError, match=rf"^mnist\.npz {re.escape(message)}"):
        keras.fetch(find("mnist"))
