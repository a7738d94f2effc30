"""The OpenML source without OpenML: scikit-learn on what a stand-in for the network sends."""

import hashlib
import io
import json
import socket
import urllib.request
from collections.abc import Callable, Sequence
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.response import addinfourl

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.known import Dataset
from stages.fetch.sources import openml

# Three grey images of 2 x 2 pixels, one a row.
PIXELS = [[1, 128, 0, 0], [2, 0, 0, 0], [255, 3, 0, 4]]
NUMBERS = ["5", "0", "4"]
WORDS = ["'Ankle boot'", "Bag", "'T-shirt/top'"]


Connect = Callable[[dict[str, bytes]], list[str]]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Give the function that makes *pages* the whole network; it returns the addresses asked for.

    An address ends with its page's name. Without a page it is as when offline.
    """
    # No pause between retries.
    monkeypatch.setattr("time.sleep", lambda _: None)

    def to(pages: dict[str, bytes]) -> list[str]:
        asked: list[str] = []

        def answer(_: object, request: urllib.request.Request, *__: object) -> addinfourl:
            asked.append(url := request.full_url)
            assert socket.getdefaulttimeout() == openml.TIMEOUT_SECONDS
            if not pages:
                raise URLError("Name or service not known")
            page = next((page for end, page in pages.items() if url.endswith(end)), None)
            if page is None:
                raise HTTPError(url, 404, "Not Found", Message(), io.BytesIO())
            return addinfourl(io.BytesIO(page), Message(), url)

        monkeypatch.setattr(urllib.request.OpenerDirector, "open", answer)
        return asked

    return to


def openml_pages(
    rows: Sequence[Sequence[object]] = PIXELS, labels: list[str] = NUMBERS
) -> dict[str, bytes]:
    """Return what OpenML's API sends for dataset 9, "tiny", as its documentation describes it."""
    kinds = {f"pixel{i}": "numeric" for i in range(len(rows[0]))} | {"class": "nominal"}
    header = "".join(f"@attribute {name} real\n" for name in kinds if name != "class")
    header += f"@attribute class {{{','.join(dict.fromkeys(labels))}}}\n@data\n"
    table = [[*row, label] for row, label in zip(rows, labels, strict=True)]
    arff = (header + "".join(",".join(map(str, row)) + "\n" for row in table)).encode()
    plain = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    features = [
        {"index": str(index), "name": name, "data_type": kind, **plain}
        | {"is_target": "true" if name == "class" else "false"}
        for index, (name, kind) in enumerate(kinds.items())
    ]
    dataset = {"name": "tiny", "version": "1", "status": "active", "format": "ARFF"}
    described = dataset | {
        "id": "9",
        "description": "Three images.",
        "url": "https://example.org/data/tiny.arff",
        "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest(),
    }
    pages: dict[str, Any] = {
        "data_name/tiny/limit/2/status/active/": {"data": {"dataset": [{"did": 9, **dataset}]}},
        "json/data/9": {"data_set_description": described},
        "features/9": {"data_features": {"feature": features}},
        "qualities/9": {"data_qualities": {"quality": []}},
    }
    return {"tiny.arff": arff, **{end: json.dumps(page).encode() for end, page in pages.items()}}


# By what it is: the rows, and their pixels.
ROWS: dict[str, tuple[Any, Any]] = {
    "integers": (PIXELS, PIXELS),
    # A third and two thirds of white, and a pixel that is rounded up.
    "floats to 1": (
        [[1 / 3, 2 / 3, 0, 0.5019], [1, 0, 0, 0], [0, 0.25, 0, 0]],
        [[85, 170, 0, 128], [255, 0, 0, 0], [0, 64, 0, 0]],
    ),
    "floats to 255": ([[7.0, 7.5, 8.5, 255]] * 3, [[7, 8, 8, 255]] * 3),
    # The red, the green and the blue of an image one after the other.
    "colours": ([[1, 2, 3, 4, 10, 20, 30, 40, 100, 110, 120, 130]] * 3,
                [[1, 10, 100, 2, 20, 110, 3, 30, 120, 4, 40, 130]] * 3),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "pixels"), ROWS.values(), ids=ROWS)
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (NUMBERS, ([2, 0, 1], ["0", "4", "5"])),
        (["10", "9", "300"], ([1, 0, 2], ["9", "10", "300"])),
        (["5.0", "0", "4"], ([2, 0, 1], ["0", "4", "5"])),
        (WORDS, ([0, 1, 2], ["Ankle boot", "Bag", "T-shirt/top"])),
        (["1", "a", "10"], ([0, 2, 1], ["1", "10", "a"])),
    ],
)
def test_pixels_and_labels_of_every_kind_are_read(
    connect: Connect, rows: Any, pixels: Any, labels: list[str], expected: object
) -> None:
    asked, before = connect(openml_pages(rows, labels)), socket.getdefaulttimeout()
    data = openml.fetch(Dataset(openml=9 if labels == NUMBERS else "Tiny"))
    images = np.concatenate(list(data.chunks()))
    assert images.shape == (3, 2, 2, len(rows[0]) // 4)
    assert images.reshape(3, -1).tolist() == pixels
    assert (data.labels.tolist(), data.classes) == expected
    assert socket.getdefaulttimeout() == before
    # Where all are bytes the table is downloaded once.
    loads = [url.endswith("tiny.arff") for url in asked].count(True)
    assert loads == 1 or (rows, labels) != (PIXELS, NUMBERS)


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ({}, r"cannot be fetched \(URLError: <urlopen error Name or service not known>\)"),
        ({"other": b""}, r"cannot be fetched \(HTTPError: HTTP Error 404: Not Found\)"),
        (
            openml_pages() | {"tiny.arff": b"@data\n1,2,3,4,5\n"},
            r"cannot be fetched \(ValueError: The md5 checksum of the file .* does not match .*",
        ),
        (
            openml_pages(labels=["0.5", "1", "2"]),
            r"tiny: float64 values of shape \(3,\); labels .*",
        ),
        # What is no pixel is not cut off.
        *(
            (openml_pages([[0, pixel, 0, 0]] * 3, labels), f"tiny: {told}; pixels are .*")
            for labels in (NUMBERS, WORDS)
            for pixel, told in (
                ("300", "pixel 300(.0)? in the image at index 0"),
                ("-1", "pixel -1(.0)? in the image at index 0"),
                ("256.5", "pixel 256.5 in the image at index 0"),
                ("?", "pixel nan in the image at index 0"),
                ("red", "values of type object"),
            )
        ),
    ],
)
def test_what_fails_is_told_in_one_line(
    connect: Connect, pages: dict[str, bytes], message: str
) -> None:
    asked = connect(pages)
    with pytest.raises(StageError, match=f"^{message}$"):
        openml.fetch(Dataset(openml="tiny"))
    # Offline it is asked once more.
    assert pages or len(asked) == 2
