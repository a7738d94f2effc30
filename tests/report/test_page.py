"""The page as a file: its size, reproducibility and content, and names that could break it."""

import json
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from stages.report.page import HERE, build
from tests import ROOT
from tests.support.results import NASTY, results

MIB = 2**20


def test_two_builds_are_the_same_bytes_and_ask_for_no_file() -> None:
    found = results(["a", "b", "c"], list("0123456789"), seeds=True)
    page = build(found)
    assert page == build(found)
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    addresses = re.findall(r' (?:src|href)="([^"]*)', outside)
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert page.count(' download="') == page.count('class="chart"') == 8
    # Nearly all of it is the scripts, which it has once.
    assert 0.85 * MIB < len(page) < 1.5 * MIB
    assert "<code>split.test_fraction</code></th><td>0.5</td>" in page
    assert "<code>data.size</code></th><td>null</td>" in page


def test_names_of_classes_are_text_everywhere() -> None:
    harmless = build(results(["a", "b"], [f"class {n}" for n in range(len(NASTY))]))
    page = build(results(["a", "b"], NASTY))
    assert page.count("<") == harmless.count("<")
    (line,) = re.findall(r"<script>const answers = (.*);</script>", page)
    actual = {answer["actual"] for answer in json.loads(line).values()}
    assert actual <= set(NASTY)
    assert "<" in str(actual)


def test_a_perfect_model_has_no_mistakes_to_show() -> None:
    found = results(["a", "b"], list("xyz"))
    page = build(replace(found, predicted=dict.fromkeys("ab", found.actual)))
    assert page.count('<p class="aside">None.</p>') == 3


SPLIT = {"test_fraction": 1 / 7, "validation_fraction": 0.1, "stratified": False, "seed": 0}


@pytest.mark.parametrize(
    ("dataset", "split", "expected"),
    [
        ("mnist_784", SPLIT, True),
        # As the user's own images are.
        (None, SPLIT, False),
        ("mnist_784", SPLIT | {"seed": 1}, False),
    ],
)
def test_the_notebooks_numbers_are_shown_only_for_its_own_models_and_data(
    dataset: str | None, split: dict[str, Any], expected: bool
) -> None:
    settings = {
        "model1": {"architecture": "model1", "filters": None, "dense": None},
        "model2": {"architecture": "model2", "filters": None, "dense": [8]},
    }
    found = results(list(settings), list("01"), settings=settings)
    described = found.dataset.model_copy(update={"dataset": dataset})
    page = build(replace(found, dataset=described, params={**found.params, "split": split}))
    # The second model's sizes are not the notebook's.
    shown = [text in page for text in (">Notebook (%)<", ">97.60<", ">98.70<")]
    assert shown == [expected, expected, False]


def test_the_notebooks_numbers_are_those_in_the_docs() -> None:
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    for row in pd.read_csv(HERE / "notebook.csv").to_dict("records"):
        minutes, seconds = divmod(row["train_seconds"], 60)
        assert f"about {100 * row['accuracy']:.1f} %" in page
        assert f"{minutes} m {seconds:02} s" in page
