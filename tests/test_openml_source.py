"""The OpenML source without OpenML: scikit-learn on what a stand-in for the network sends."""

import hashlib
import importlib
import io
import json
import socket
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.response import addinfourl

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import sources
from stages.fetch.known import KNOWN, KnownDataset, Package
from stages.fetch.sources import openml

TINY = KnownDataset("tiny", 1, Package("", "", "", ""), "", "")
LABELS = [5, 0, 4]
IMAGES = np.zeros((3, 784), int)
IMAGES[:, 100] = [1, 128, 255]


class Network(urllib.request.HTTPSHandler):
    """A stand-in for the network: a request's address ends with its page's name in *pages*.

    A page is its bytes, or a file that is open.
    """

    def __init__(self, pages: dict[str, Any]) -> None:
        super().__init__()
        self.pages = pages
        self.requests = 0

    def https_open(self, req: urllib.request.Request) -> Any:
        """Answer with a page, or with the error 404; with no pages, as when offline."""
        self.requests += 1
        assert socket.getdefaulttimeout() == openml.TIMEOUT_SECONDS
        if not self.pages:
            raise URLError("Name or service not known")
        for end, content in self.pages.items():
            if req.full_url.endswith(end):
                file = io.BytesIO(content) if isinstance(content, bytes) else content
                response = addinfourl(file, Message(), req.full_url, 200)
                response.msg = "OK"  # type: ignore[attr-defined]
                return response
        raise HTTPError(req.full_url, 404, "Not Found", Message(), io.BytesIO())


def connect(monkeypatch: pytest.MonkeyPatch, network: Network) -> None:
    """Have *network* stand in for the network, with no pause between retries."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), network)
    monkeypatch.setattr(urllib.request, "_opener", opener)
    monkeypatch.setattr("time.sleep", lambda _: None)


def fetch(monkeypatch: pytest.MonkeyPatch, pages: dict[str, bytes]) -> Any:
    """Fetch the tiny dataset from a network that has *pages*."""
    connect(monkeypatch, Network(pages))
    return openml.fetch(TINY)


def openml_pages() -> dict[str, bytes]:
    """Return what OpenML's API sends for the tiny dataset, as its documentation describes it."""
    names = [f"pixel{i}" for i in range(784)]
    header = "".join(f"@attribute {name} real\n" for name in names)
    header += "@attribute class {0,1,2,3,4,5,6,7,8,9}\n@data\n"
    table = np.column_stack([IMAGES, LABELS]).tolist()
    arff = (header + "".join(",".join(map(str, row)) + "\n" for row in table)).encode()
    plain = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    features = [
        {"index": str(i), "name": name, "data_type": "numeric", "is_target": "false", **plain}
        for i, name in enumerate(names)
    ]
    features.append(
        {"index": "784", "name": "class", "data_type": "nominal", "is_target": "true", **plain}
    )
    dataset = {"name": "tiny", "version": "1", "status": "active", "format": "ARFF"}
    described = {
        "id": "9",
        "description": "Three images.",
        "url": "https://example.org/data/tiny.arff",
        "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest(),
    }
    pages: dict[str, Any] = {
        "data_name/tiny/limit/2/data_version/1": {"data": {"dataset": [{"did": 9, **dataset}]}},
        "json/data/9": {"data_set_description": {**described, **dataset}},
        "features/9": {"data_features": {"feature": features}},
        "qualities/9": {"data_qualities": {"quality": []}},
    }
    return {"tiny.arff": arff, **{end: json.dumps(page).encode() for end, page in pages.items()}}


def test_scikit_learn_reads_the_answer_with_our_options(monkeypatch: pytest.MonkeyPatch) -> None:
    before = socket.getdefaulttimeout()
    data = fetch(monkeypatch, openml_pages())
    np.testing.assert_array_equal(data.images, IMAGES)
    assert data.labels.tolist() == LABELS
    assert data.images.dtype == data.labels.dtype == np.uint8
    assert socket.getdefaulttimeout() == before


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ({}, "URLError: <urlopen error Name or service not known>"),
        ({"other": b""}, "HTTPError: HTTP Error 404: Not Found"),
    ],
)
def test_what_fails_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, pages: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(StageError, match=rf"^cannot be fetched \({reason}"):
        fetch(monkeypatch, pages)


@pytest.mark.parametrize("retries", [1, 3])
def test_openml_is_asked_once_more_for_each_retry(
    monkeypatch: pytest.MonkeyPatch, retries: int
) -> None:
    network = Network({})
    connect(monkeypatch, network)
    monkeypatch.setattr(openml, "RETRIES", retries)
    with pytest.raises(StageError):
        openml.fetch(TINY)
    assert network.requests == 1 + retries


def test_a_source_that_does_not_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(KNOWN, "tiny", TINY)
    monkeypatch.setattr(sources, "LIMIT_SECONDS", 0.5)
    # Before the clock runs: it takes a second.
    importlib.import_module("sklearn.datasets")
    network = Network(openml_pages())
    connect(monkeypatch, network)
    silent, other_end = socket.socketpair()
    # So that the test would end, too.
    silent.settimeout(10)
    with silent, other_end, silent.makefile("rb") as endless:
        network.pages |= {"json/data/9": endless}
        with pytest.raises(StageError, match=r": openml: took longer than 0\.5 s$"):
            sources.fetch("tiny", ["openml"])
    # The page before it, and that one, once.
    assert network.requests == 2
