"""The OpenML source without OpenML: scikit-learn on what a stand-in for the network sends."""

import hashlib
import importlib
import io
import json
import re
import socket
import urllib.request
from collections.abc import Sequence
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.response import addinfourl

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import sources
from stages.fetch.images import LabelledImages
from stages.fetch.known import Dataset
from stages.fetch.sources import openml

# Three grey images of 2 x 2 pixels, one a row.
PIXELS = [[1, 128, 0, 0], [2, 0, 0, 0], [255, 3, 0, 4]]
NUMBERS = ["5", "0", "4"]


class Network(urllib.request.HTTPSHandler):
    """A stand-in for the network: a request's address ends with its page's name in *pages*.

    A page is its bytes, or a file that is open.
    """

    def __init__(self, pages: dict[str, Any]) -> None:
        super().__init__()
        self.pages = pages
        self.requests: list[str] = []

    def https_open(self, req: urllib.request.Request) -> Any:
        """Answer with a page, or with the error 404; with no pages, as when offline."""
        self.requests.append(req.full_url)
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


def openml_pages(
    rows: Sequence[Sequence[object]] = PIXELS, labels: list[str] = NUMBERS
) -> dict[str, Any]:
    """Return what OpenML's API sends for dataset 9, "tiny", as its documentation describes it."""
    names = [f"pixel{i}" for i in range(len(rows[0]))]
    header = "".join(f"@attribute {name} real\n" for name in names)
    header += f"@attribute class {{{','.join(dict.fromkeys(labels))}}}\n@data\n"
    table = [[*row, label] for row, label in zip(rows, labels, strict=True)]
    arff = (header + "".join(",".join(map(str, row)) + "\n" for row in table)).encode()
    plain = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    features = [
        {"index": str(i), "name": name, "data_type": "numeric", "is_target": "false", **plain}
        for i, name in enumerate(names)
    ]
    target = {
        "index": str(len(names)),
        "name": "class",
        "data_type": "nominal",
        "is_target": "true",
    }
    dataset = {"name": "tiny", "version": "1", "status": "active", "format": "ARFF"}
    described = {
        "id": "9",
        "description": "Three images.",
        "url": "https://example.org/data/tiny.arff",
        "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest(),
    }
    pages: dict[str, Any] = {
        "data_name/tiny/limit/2/status/active/": {"data": {"dataset": [{"did": 9, **dataset}]}},
        "json/data/9": {"data_set_description": {**described, **dataset}},
        "features/9": {"data_features": {"feature": [*features, {**target, **plain}]}},
        "qualities/9": {"data_qualities": {"quality": []}},
    }
    return {"tiny.arff": arff, **{end: json.dumps(page).encode() for end, page in pages.items()}}


def fetch(
    monkeypatch: pytest.MonkeyPatch, pages: dict[str, Any], which: str | int = 9
) -> LabelledImages:
    """Fetch a dataset by name or number from a network that has *pages*."""
    connect(monkeypatch, Network(pages))
    return openml.fetch(Dataset(openml=which))


def pixels_of(data: LabelledImages) -> np.ndarray:
    return np.concatenate(list(data.chunks()))


@pytest.mark.parametrize("which", ["Tiny", 9])
def test_a_dataset_is_found_by_name_and_by_number(
    monkeypatch: pytest.MonkeyPatch, which: str | int
) -> None:
    before = socket.getdefaulttimeout()
    data = fetch(monkeypatch, openml_pages(), which)
    images = pixels_of(data)
    assert images.dtype == np.uint8
    assert images.tolist() == [[[[1], [128]], [[0], [0]]], [[[2], [0]], [[0], [0]]],
                               [[[255], [3]], [[0], [4]]]]  # fmt: skip
    assert data.image == (2, 2, 1)
    assert data.parts == {}
    assert socket.getdefaulttimeout() == before


# A third and two thirds of white, and a pixel that is rounded up.
FLOATS = [[1 / 3, 2 / 3, 0, 0.5019], [1, 0, 0, 0], [0, 0.25, 0, 0]]
OF_FLOATS = [[85, 170, 0, 128], [255, 0, 0, 0], [0, 64, 0, 0]]
WORDS = ["'Ankle boot'", "Bag", "'T-shirt/top'"]


@pytest.mark.parametrize(
    ("rows", "pixels"),
    [(PIXELS, PIXELS), (FLOATS, OF_FLOATS), ([[7.0, 7.5, 8.5, 255]] * 3, [[7, 8, 8, 255]] * 3)],
    ids=["integers", "floats to 1", "floats to 255"],
)
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (NUMBERS, ([2, 0, 1], ["0", "4", "5"])),
        (["10", "9", "300"], ([1, 0, 2], ["9", "10", "300"])),
        (["5.0", "0", "4"], ([2, 0, 1], ["0", "4", "5"])),
        (WORDS, ([0, 1, 2], ["Ankle boot", "Bag", "T-shirt/top"])),
        (["1", "a", "10"], ([0, 2, 1], ["1", "10", "a"])),
    ],
    ids=["digits", "large numbers", "floats", "quoted words", "numbers and words"],
)
def test_pixels_and_labels_of_every_kind_are_read(
    monkeypatch: pytest.MonkeyPatch,
    rows: Sequence[Sequence[object]],
    pixels: list[list[int]],
    labels: list[str],
    expected: tuple[list[int], list[str]],
) -> None:
    data = fetch(monkeypatch, openml_pages(rows, labels))
    assert pixels_of(data).reshape(3, 4).tolist() == pixels
    assert (data.labels.tolist(), data.classes) == expected


def test_the_three_planes_of_a_row_are_the_colours_of_its_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    red, green, blue = [1, 2, 3, 4], [10, 20, 30, 40], [100, 110, 120, 130]
    rows = [[*red, *green, *blue], [0] * 12]
    data = fetch(monkeypatch, openml_pages(rows, ["cat", "dog"]))
    assert data.image == (2, 2, 3)
    assert pixels_of(data)[0].tolist() == [
        [[1, 10, 100], [2, 20, 110]],
        [[3, 30, 120], [4, 40, 130]],
    ]


@pytest.mark.parametrize("labels", [NUMBERS, WORDS], ids=["numbers", "words"])
@pytest.mark.parametrize(
    ("pixel", "told"), [("300", "300"), ("-1", "-1"), ("256.5", "256.5"), ("?", "nan")]
)
def test_a_value_that_is_no_pixel_is_told_and_not_cut_off(
    monkeypatch: pytest.MonkeyPatch, labels: list[str], pixel: str, told: str
) -> None:
    rows: Sequence[Sequence[object]] = [*PIXELS[:2], [0, 0, 0, pixel]]
    with pytest.raises(
        StageError,
        match=rf"^9: pixel {re.escape(told)}(\.0)? in the image at index 2; pixels are 0 to 255",
    ):
        fetch(monkeypatch, openml_pages(rows, labels))


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ({}, r"cannot be fetched \(URLError: <urlopen error Name or service not known>\)"),
        ({"other": b""}, r"cannot be fetched \(HTTPError: HTTP Error 404: Not Found\)"),
        (
            openml_pages([[1, 2, 3, 4, 5]] * 3),
            r"9: shape \(3, 5\); images are \(n, height, width\), grey, or .* of square ones",
        ),
        (
            openml_pages([["red", *row[1:]] for row in PIXELS]),
            "9: values of type object; pixels are integers or floats",
        ),
        (
            openml_pages(labels=["0.5", "1", "2"]),
            r"9: float64 values of shape \(3,\); labels are whole numbers .*",
        ),
        (
            openml_pages() | {"tiny.arff": b"@data\n1,2,3,4,5\n"},
            r"cannot be fetched \(ValueError: The md5 checksum of the file .* does not match .*",
        ),
    ],
    ids=["offline", "not found", "no squares", "words for pixels", "measures", "other bytes"],
)
def test_what_fails_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, pages: dict[str, Any], message: str
) -> None:
    with pytest.raises(StageError) as caught:
        fetch(monkeypatch, pages)
    assert re.fullmatch(message, str(caught.value))


def test_a_dataset_that_openml_does_not_have_is_told_in_one_line() -> None:
    with pytest.raises(StageError, match=r"^has no such dataset$"):
        openml.fetch(Dataset(keras="cifar10"))


@pytest.mark.parametrize("retries", [1, 3])
def test_openml_is_asked_once_more_for_each_retry(
    monkeypatch: pytest.MonkeyPatch, retries: int
) -> None:
    network = Network({})
    connect(monkeypatch, network)
    monkeypatch.setattr(openml, "RETRIES", retries)
    with pytest.raises(StageError):
        openml.fetch(Dataset(openml="tiny"))
    assert len(network.requests) == 1 + retries


@pytest.mark.parametrize(("labels", "times"), [(NUMBERS, 1), (WORDS, 2)])
def test_the_table_is_downloaded_once_and_once_more_where_it_is_not_all_bytes(
    monkeypatch: pytest.MonkeyPatch, labels: list[str], times: int
) -> None:
    network = Network(openml_pages(labels=labels))
    connect(monkeypatch, network)
    openml.fetch(Dataset(openml=9))
    assert [url.endswith("tiny.arff") for url in network.requests].count(True) == times


def test_a_source_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert len(network.requests) == 2
