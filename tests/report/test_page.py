"""The page as a file: how large, how often the same, what names do to it, what stands where."""

import json
import re
import time
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from stages.report.page import HERE, build
from tests import ROOT
from tests.support.results import NASTY, results

MIB = 2**20


class Read(HTMLParser):
    """Collects what a browser would take for tags and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag, its attributes' names, and what it points to."""
        self.tags.append((tag, tuple(dict(attrs))))
        self.addresses += [value for name, value in attrs if name in {"src", "href"}]


def test_two_builds_are_the_same_bytes_and_ask_for_no_file() -> None:
    found = results(["a", "b", "c"], list("0123456789"), seeds=True)
    page = build(found)
    assert page == build(found)
    assert all(str(address).startswith(("data:", "#")) for address in Read(page).addresses)
    assert page.count(' download="') == page.count('class="chart"') == 8
    # The scripts, once, are nearly all of it.
    assert 0.85 * MIB < len(page) < 1.5 * MIB
    assert "<code>split.test_fraction</code></th><td>0.5</td>" in page
    assert "<code>data.size</code></th><td>null</td>" in page


def test_many_models_and_classes_of_photographs_take_little_room_and_time() -> None:
    models, classes = [f"model{n}" for n in range(12)], [f"class {n}" for n in range(100)]
    # Images of noise, which are the largest there are.
    found = results(models, classes, image=(64, 64, 3), tested=10_000, epochs=100)
    start = time.process_time()
    page = build(found)
    assert time.process_time() - start < 10
    assert len(page) < 3 * MIB


def test_names_of_classes_are_text_wherever_they_stand() -> None:
    harmless = build(results(["a", "b"], [f"class {n}" for n in range(len(NASTY))]))
    page = build(results(["a", "b"], NASTY))
    assert Read(page).tags == Read(harmless).tags
    (line,) = re.findall(r"<script>const answers = (.*);</script>", page)
    answers = json.loads(line).values()
    assert {answer["actual"] for answer in answers} <= set(NASTY)
    assert any("<" in answer["actual"] for answer in answers)


def test_a_perfect_model_has_no_mistakes_to_show() -> None:
    found = results(["a", "b"], list("xyz"))
    page = build(results(["a", "b"], list("xyz"), predicted=dict.fromkeys("ab", found.actual)))
    assert page.count('<p class="aside">None.</p>') == 3


MNIST = {"dataset": "mnist_784", "path": None, "size": None, "limit": None}
SPLIT = {"test_fraction": 1 / 7, "validation_fraction": 0.1, "seed": 0}


@pytest.mark.parametrize(
    ("section", "beside"),
    [
        ({}, True),
        ({"data": MNIST | {"path": "my/images"}}, False),
        ({"split": SPLIT | {"seed": 1}}, False),
    ],
)
def test_the_notebook_stands_beside_its_own_models_on_its_own_data_alone(
    section: dict[str, Any], beside: bool
) -> None:
    settings = {
        "model1": {"architecture": "model1", "filters": None, "dense": None},
        "model2": {"architecture": "model2", "filters": None, "dense": [8]},
    }
    params = {"data": MNIST, "split": SPLIT} | section
    page = build(results(list(settings), list("01"), params=params, settings=settings))
    # The second model has other sizes than its own.
    shown = [text in page for text in (">Notebook (%)<", ">97.60<", ">98.70<")]
    assert shown == [beside, beside, False]


def test_the_notebooks_numbers_are_those_in_the_docs() -> None:
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    for row in pd.read_csv(HERE / "notebook.csv").to_dict("records"):
        minutes, seconds = divmod(row["train_seconds"], 60)
        assert f"about {100 * row['accuracy']:.1f} %" in page
        assert f"{minutes} m {seconds:02} s" in page
