"""The page of the report as a file: how large, how often the same, what names do to it."""

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stages.common.errors import StageError
from stages.report.__main__ import main
from stages.report.page import build
from tests.support.results import NASTY, PARAMS, results

MIB = 2**20


class Tags(HTMLParser):
    """Collects what a browser would take for tags, and the texts between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag, its addresses and its handlers of events."""
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.texts.append(data)


def test_two_builds_are_the_same_bytes_and_ask_for_no_file() -> None:
    found = results(["a", "b", "c"], list("0123456789"), seeds=True)
    page = build(found)
    assert page == build(found)
    read = Tags(page)
    assert all(address.startswith(("data:", "#")) for address in read.addresses)
    assert read.tags.count("script") == 5
    # The scripts, once, are nearly all of it.
    assert 0.85 * MIB < len(page) < 1.5 * MIB


def test_many_models_and_classes_of_photographs_take_little_room_and_time() -> None:
    models, classes = [f"model{n}" for n in range(12)], [f"class {n}" for n in range(100)]
    # Images of noise, which are the largest there are.
    found = results(models, classes, image=(64, 64, 3), tested=10_000, trained=100)
    start = time.process_time()
    page = build(found)
    assert time.process_time() - start < 10
    assert len(page) < 3 * MIB


def test_names_of_classes_are_text_wherever_they_stand() -> None:
    models = ["a", "b", "c"]
    plain = results(models, [f"class {n}" for n in range(len(NASTY))])
    nasty = results(models, NASTY)
    harmless, harmful = Tags(build(plain)), Tags(build(nasty))
    assert harmful.tags == harmless.tags
    assert harmful.handlers == []
    text = " ".join(harmful.texts)
    shown = {name for name in NASTY if f"{name}, taken for " in text}
    assert any("<" in name for name in shown)


def test_a_perfect_model_has_no_mistakes_to_show() -> None:
    found = results(["a", "b"], list("xyz"))
    predicted = {"a": found.actual, "b": found.actual}
    page = build(results(["a", "b"], list("xyz"), predicted=predicted))
    assert page.count('<p class="aside">None.</p>') == 3


def test_the_notebook_stands_beside_its_own_models_on_its_own_data_alone() -> None:
    names = ["model1", "model2"]
    settings = {
        "model1": {"architecture": "model1", "filters": None, "dense": None},
        "model2": {"architecture": "model2", "filters": None, "dense": [8]},
    }
    split = {"test_fraction": 1 / 7, "validation_fraction": 0.1, "seed": 0}
    mnist: dict[str, Any] = {
        "dataset": "mnist_784",
        "sources": [],
        "path": None,
        "size": None,
        "limit": None,
    }
    other = mnist | {"path": "my/images"}, split | {"seed": 1}
    cases: Any = ((mnist, split, ["97.60"]), (other[0], split, []), (mnist, other[1], []))
    for data, own_split, published in cases:
        params = PARAMS | {"data": data, "split": own_split}
        page = build(results(names, list("01"), params=params, settings=settings))
        assert [value for value in ("97.60", "98.70") if f">{value}<" in page] == published
        assert ('<th scope="col" class="number">Notebook (%)</th>' in page) == bool(published)


def test_a_missing_file_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StageError) as caught:
        main()
    assert str(caught.value) == "metrics/comparison.csv: not there; `dvc repro` writes it"
    assert not list(tmp_path.iterdir())


def test_what_a_script_gets_is_what_was_meant() -> None:
    page = build(results(["a", "b"], NASTY))
    (line,) = re.findall(r"<script>const answers = (.*);</script>", page)
    answers = json.loads(line)
    assert {answer["actual"] for answer in answers.values()} <= set(NASTY)
    assert all(len(answer["models"]) == 2 for answer in answers.values())
