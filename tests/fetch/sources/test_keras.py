"""The source of Keras's files without Keras, from a server on this machine."""

import gzip
import hashlib
import importlib
import io
import socket
import struct
import sys
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.images import LabelledImages
from stages.fetch.known import Dataset, find
from stages.fetch.sources import keras
from tests.support.handmade import digits, idx_bytes

PAGES: dict[str, bytes] = {}
# More than is sent of it.
CUT_SHORT = "cut-short.npz"
SILENT = "silent.npz"


class Answer(BaseHTTPRequestHandler):
    """Sends :data:`PAGES`."""

    def do_GET(self) -> None:
        """Send a page, or a part of one, or nothing at all."""
        name = self.path.lstrip("/")
        if name == SILENT:
            # Until the client has gone.
            self.rfile.read()
            return
        if name not in PAGES:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGES[name]) + 10 * (name == CUT_SHORT)))
        self.end_headers()
        self.wfile.write(PAGES[name])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the address of a server; where Keras would be imported, it is not there."""
    for name in ("keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(keras, "TIMEOUT_SECONDS", 0.5)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
    PAGES.clear()


def offer(
    monkeypatch: pytest.MonkeyPatch, server: str, dataset: str, **pages: bytes | None
) -> None:
    """Have the *server* give *dataset* in *pages*, as their checksums say; null is not there."""
    PAGES.update({name: page for name, page in pages.items() if page is not None})
    sums = {name: hashlib.sha256(page or b"").hexdigest() for name, page in pages.items()}
    files = {f"{server}/{name}": sum_ for name, sum_ in sums.items()}
    monkeypatch.setitem(keras.FILES, dataset, files)


def test_keras_itself_is_not_imported() -> None:
    importlib.reload(keras)
    assert [sys.modules.get(name) for name in ("keras", "tensorflow")] == [None, None]


def pixels_of(data: LabelledImages) -> list[object]:
    return np.concatenate(list(data.chunks())).tolist()


def npz_bytes(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def test_mnist_is_its_training_images_then_its_test_images(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    (x_train, y_train), (x_test, y_test) = digits(5, 0, 4), digits(7, 2)
    content = npz_bytes(x_test=x_test, x_train=x_train, y_train=y_train, y_test=y_test)
    offer(monkeypatch, server, "mnist", **{"mnist.npz": content})
    data = keras.fetch(find("mnist"))
    assert pixels_of(data) == [*x_train[..., None].tolist(), *x_test[..., None].tolist()]
    assert [data.classes[label] for label in data.labels] == ["5", "0", "4", "7", "2"]
    assert data.parts == {"train": 3, "test": 2}


def test_fashion_mnist_is_read_from_its_four_files(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    parts = {"train": digits(9, 0, 3), "t10k": digits(3, 9)}
    for part, (pixels, labels) in parts.items():
        PAGES[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx_bytes(pixels))
        PAGES[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx_bytes(labels))
    names = [address.rsplit("/")[-1] for address in keras.FILES["fashion_mnist"]]
    files = {f"{server}/{name}": None for name in names}
    monkeypatch.setitem(keras.FILES, "fashion_mnist", files)
    data = keras.fetch(find("Fashion-MNIST"))
    assert pixels_of(data) == [
        *parts["train"][0][..., None].tolist(),
        *parts["t10k"][0][..., None].tolist(),
    ]
    assert [data.classes[label] for label in data.labels] == ["9", "0", "3", "3", "9"]
    assert data.parts == {"train": 3, "test": 2}


CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def in_python_2(value: object) -> bytes:
    """Return *value* as Python 2 pickles it in protocol 2, as far as CIFAR-10 has such values.

    Python 3 writes bytes in another way. The opcodes: https://docs.python.org/3/library/pickletools
    """
    if isinstance(value, int):
        return b"K" + bytes([value])
    if isinstance(value, str):
        return b"U" + bytes([len(value)]) + value.encode()
    if isinstance(value, list):
        return b"](" + b"".join(map(in_python_2, value)) + b"e"
    if isinstance(value, dict):
        pairs = [in_python_2(key) + in_python_2(entry) for key, entry in value.items()]
        return b"}(" + b"".join(pairs) + b"u"
    assert isinstance(value, np.ndarray)
    shape = b"K" + bytes([len(value)]) + b"M" + struct.pack("<H", value.shape[1]) + b"\x86"
    dtype = (
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
    )
    pixels = b"T" + struct.pack("<i", value.size) + value.tobytes()
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01" + shape + dtype + b"K\x00tb\x89" + pixels + b"tb"
    )


def cifar10_bytes(batches: dict[str, bytes]) -> bytes:
    """Return CIFAR-10's archive of pickles."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def batch(*labels: int) -> bytes:
    """Return a batch of images whose pixel at the row 1, column 2 is alone not black.

    Its red is 100 and the label, its green 150, its blue 200.
    """
    images = np.zeros((len(labels), 3, 32, 32), np.uint8)
    images[:, :, 1, 2] = [[100 + label, 150, 200] for label in labels]
    content = {"data": images.reshape(-1, 3072), "labels": list(labels)}
    return b"\x80\x02" + in_python_2(content) + b"."


NAMES = b"\x80\x02" + in_python_2({"num_vis": 3, "label_names": CIFAR}) + b"."
BATCHES = {
    "batches.meta": NAMES,
    "test_batch": batch(9, 3),
    **{f"data_batch_{number}": batch(2 * number - 2, 2 * number - 1) for number in (5, 4, 3, 2, 1)},
}


def test_cifar10_has_its_planes_class_names_and_split(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    offer(monkeypatch, server, "cifar10", **{keras.CIFAR10: cifar10_bytes(BATCHES)})
    data = keras.fetch(find("cifar10"))
    labels = [*range(10), 9, 3]
    expected = np.zeros((12, 32, 32, 3), np.uint8)
    expected[:, 1, 2] = [[100 + label, 150, 200] for label in labels]
    assert pixels_of(data) == expected.tolist()
    assert data.labels.tolist() == labels
    assert data.classes == CIFAR
    assert data.parts == {"train": 10, "test": 2}


def test_a_pickle_that_names_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    batches = BATCHES | {"data_batch_3": b"cposix\nsystem\n(U\x04trueTR."}
    offer(monkeypatch, server, "cifar10", **{keras.CIFAR10: cifar10_bytes(batches)})
    with pytest.raises(StageError, match=r"^a pickle that names posix\.system; only arrays are re"):
        keras.fetch(find("cifar10"))


@pytest.mark.parametrize(
    ("name", "page", "message"),
    [
        ("absent.npz", None, r"absent\.npz cannot be fetched \(HTTP Error 404: Not Found\)"),
        (CUT_SHORT, b"cut", r"cut-short\.npz cannot be fetched \(IncompleteRead\(3 bytes read, .*"),
        (SILENT, None, r"silent\.npz cannot be fetched \(timed out\)"),
    ],
    ids=["404", "cut short", "dead line"],
)
def test_a_file_that_does_not_come_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, server: str, name: str, page: bytes | None, message: str
) -> None:
    offer(monkeypatch, server, "mnist", **{name: page})
    with pytest.raises(StageError, match=f"^{message}$"):
        keras.fetch(find("mnist"))


def test_no_server_at_all_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        # Bound, but nobody listens.
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        offer(monkeypatch, address, "mnist", **{"mnist.npz": None})
        with pytest.raises(StageError, match=r"^mnist\.npz cannot be fetched \(.* refused>\)$"):
            keras.fetch(find("mnist"))


def test_another_file_than_the_known_one_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    offer(monkeypatch, server, "cifar10", **{keras.CIFAR10: b"right"})
    PAGES[keras.CIFAR10] = b"wrong"
    right, wrong = (hashlib.sha256(content).hexdigest() for content in (b"right", b"wrong"))
    with pytest.raises(
        StageError, match=rf"^cifar-10-python\.tar\.gz has SHA-256 {wrong}, expected {right}$"
    ):
        keras.fetch(find("cifar10"))


@pytest.mark.parametrize("dataset", [find("imdb"), Dataset(openml=61)])
def test_a_dataset_that_keras_does_not_have_is_told_with_those_it_has(dataset: Dataset) -> None:
    with pytest.raises(StageError, match=r"^has no such dataset, but mnist, fashion_mnist, cif"):
        keras.fetch(dataset)
