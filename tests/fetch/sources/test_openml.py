"""The OpenML source without OpenML: scikit-learn reads what a fake network sends."""

import hashlib
import io
import json
import socket
import urllib.request
from collections.abc import Sequence
from email.message import Message
from typing import Any
from urllib.error import URLError
from urllib.response import addinfourl

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch.known import Dataset
from stages.fetch.sources import openml

# Three grey images of 2 x 2 pixels, one in each row.
PIXELS = [[1, 128, 0, 0], [2, 0, 0, 0], [255, 3, 0, 4]]


def connect(monkeypatch: pytest.MonkeyPatch, pages: dict[str, bytes]) -> list[str]:
    """Make *pages*, by the end of their address, the whole network; return the requests."""
    asked: list[str] = []
    limits: list[float] = []

    def answer(_: object, request: urllib.request.Request, *__: object) -> addinfourl:
        asked.append(url := request.full_url)
        assert limits == [openml.TIMEOUT_SECONDS]
        for end, page in pages.items():
            if url.endswith(end):
                return addinfourl(io.BytesIO(page), Message(), url)
        raise URLError("Name or service not known")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", answer)
    monkeypatch.setattr(socket, "setdefaulttimeout", limits.append)
    # No pause between retries.
    monkeypatch.setattr("time.sleep", lambda _: None)
    return asked


def openml_pages(rows: Sequence[Sequence[object]], labels: list[str]) -> dict[str, bytes]:
    """Return what OpenML's API sends for dataset 9, "tiny", as its documentation describes it."""
    names = [*(f"pixel{i}" for i in range(len(rows[0]))), "class"]
    kinds = [*["real"] * len(rows[0]), f"{{{','.join(labels)}}}"]
    lines = [f"@attribute {name} {kind}" for name, kind in zip(names, kinds, strict=True)]
    table = [",".join(map(str, [*row, label])) for row, label in zip(rows, labels, strict=True)]
    arff = "\n".join([*lines, "@data", *table, ""]).encode()
    plain = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    numeric = {"data_type": "numeric", "is_target": "false"} | plain
    features = [{"index": str(i), "name": name} | numeric for i, name in enumerate(names)]
    features[-1] |= {"data_type": "nominal", "is_target": "true"}
    md5 = hashlib.md5(arff, usedforsecurity=False).hexdigest()
    dataset = {"did": 9, "name": "tiny", "version": "1", "status": "active", "format": "ARFF"}
    where = {"id": "9", "url": "https://example.org/data/tiny.arff", "md5_checksum": md5}
    pages: dict[str, Any] = {
        "data_name/tiny/limit/2/status/active/": {"data": {"dataset": [dataset]}},
        "json/data/9": {"data_set_description": dataset | where | {"description": ""}},
        "features/9": {"data_features": {"feature": features}},
        "qualities/9": {"data_qualities": {"quality": []}},
    }
    return {"tiny.arff": arff, **{end: json.dumps(page).encode() for end, page in pages.items()}}


@pytest.mark.parametrize(
    ("rows", "pixels"),
    [
        (PIXELS, PIXELS),
        ([[7.0, 7.5, 8.5, 255]] * 3, [[7, 8, 8, 255]] * 3),
        # An image's red values, then its green, then its blue ones.
        ([list(range(12))] * 3, [[0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]] * 3),
    ],
)
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["5", "0", "4"], ([2, 0, 1], ["0", "4", "5"])),
        (["10", "9", "300"], ([1, 0, 2], ["9", "10", "300"])),
        (
            ["'Ankle boot'", "Bag", "'T-shirt/top'"],
            ([0, 1, 2], ["Ankle boot", "Bag", "T-shirt/top"]),
        ),
    ],
)
def test_pixels_and_labels_of_every_kind_are_read(
    monkeypatch: pytest.MonkeyPatch, rows: Any, pixels: Any, labels: list[str], expected: object
) -> None:
    asked = connect(monkeypatch, openml_pages(rows, labels))
    data = openml.fetch(Dataset(openml=9 if "Bag" in labels else "Tiny", keras="tiny"))
    images = np.concatenate(list(data.chunks()))
    assert images.shape == (3, 2, 2, len(rows[0]) // 4)
    assert images.reshape(3, -1).tolist() == pixels
    assert (data.labels.tolist(), data.classes) == expected
    # If all values fit into bytes, the table is downloaded once.
    loads = [url.endswith("tiny.arff") for url in asked].count(True)
    assert loads == (1 if labels[0] == "5" and rows[0][1] != 7.5 else 2)


@pytest.mark.parametrize(
    ("pixel", "message"),
    [
        # What is not a pixel is not clipped.
        ("300", "tiny: pixel 300 in the image at index 0; pixels are .*"),
        ("?", "tiny: pixel nan in the image at index 0; pixels are .*"),
        ("offline", r"cannot be fetched \(URLError: <urlopen error Name or service not known>\)"),
    ],
)
def test_what_fails_is_told(monkeypatch: pytest.MonkeyPatch, pixel: str, message: str) -> None:
    pages = openml_pages([[0, pixel, 0, 0]] * 3, ["5", "0", "4"])
    connect(monkeypatch, {} if pixel == "offline" else pages)
    with pytest.raises(StageError, match=f"^{message}$"):
        openml.fetch(Dataset(openml="tiny", keras="tiny"))
