"""The OpenML source without OpenML: scikit-learn on what a stand-in for the network sends."""

import hashlib
import io
import json
import socket
import urllib.request
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.response import addinfourl

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.known import KnownDataset, Package
from stages.fetch.sources import openml

TINY = KnownDataset("tiny", 1, Package("", "", "", ""), "", "")
LABELS = [5, 0, 4]
IMAGES = np.zeros((3, 784), int)
IMAGES[:, 100] = [1, 128, 255]


class Network(urllib.request.HTTPSHandler):
    """A stand-in for the network: a request's address ends with its page's name in *pages*."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        super().__init__()
        self.pages = pages

    def https_open(self, req: urllib.request.Request) -> Any:
        """Answer with a page, or with the error 404; with no pages, as when offline."""
        assert socket.getdefaulttimeout() == openml.TIMEOUT_SECONDS
        if not self.pages:
            raise URLError("Name or service not known")
        for end, content in self.pages.items():
            if req.full_url.endswith(end):
                response = addinfourl(io.BytesIO(content), Message(), req.full_url, 200)
                response.msg = "OK"  # type: ignore[attr-defined]
                return response
        raise HTTPError(req.full_url, 404, "Not Found", Message(), io.BytesIO())


def fetch(monkeypatch: pytest.MonkeyPatch, pages: dict[str, bytes]) -> Any:
    """Fetch the tiny dataset from a network that has *pages*, with no pause between retries."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Network(pages))
    monkeypatch.setattr(urllib.request, "_opener", opener)
    monkeypatch.setattr("time.sleep", lambda _: None)
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
