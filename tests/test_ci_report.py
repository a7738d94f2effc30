"""The report's Markdown, from differences as DVC prints them."""

from pathlib import Path

import pytest

from tools.ci import last_run, report
from tools.ci.comment import MARKER
from tools.ci.last_run import CACHED, RAN, UNCHANGED


def test_it_has_a_table_of_each_kind() -> None:
    text = report.markdown(
        "main",
        params={"params.yaml": {"train.epochs": {"old": None, "new": 10, "diff": 10}}},
        metrics={
            "metrics/evaluate/model1.json": {
                "errors": {"old": 1248, "new": 220, "diff": -1028},
                "accuracy": {"old": 0.8752, "new": 0.978, "diff": 0.1028},
            }
        },
        comparison="| Model |\n| --- |\n| model1 |\n",
        stages={"fetch": UNCHANGED, "train@model1": RAN, "compare": RAN},
    )
    assert text == (
        f"{MARKER}\n\n"
        "## Pipeline: what changed since `main`\n\n"
        "### Parameters\n\n"
        "| Parameter | `main` | now |\n"
        "| --- | --- | --- |\n"
        "| `train.epochs` | `-` | `10` |\n\n"
        "### Metrics\n\n"
        "| Model | Metric | `main` | now | difference |\n"
        "| --- | --- | ---: | ---: | ---: |\n"
        "| model1 | accuracy | 0.8752 | 0.9780 | +0.1028 |\n"
        "| model1 | errors | 1,248 | 220 | -1,028 |\n\n"
        "### Comparison\n\n"
        "| Model |\n| --- |\n| model1 |\n\n"
        "### Stages\n\n"
        "Ran 2 of 3: `compare`, `train@model1`."
    )


@pytest.mark.parametrize(
    ("stages", "text"),
    [
        ({"fetch": UNCHANGED}, "Ran 0 of 1."),
        (
            {"fetch": CACHED, "compare": RAN},
            "Ran 1 of 2: `compare`.\nFrom the run-cache 1: `fetch`.",
        ),
    ],
)
def test_stages_that_ran_and_those_from_the_cache_are_told_apart(
    stages: dict[str, str], text: str
) -> None:
    assert report.stages_text(stages) == text


def test_what_the_last_run_ran_counts_until_dvc_lock_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert last_run.read() is None
    last_run.write({"fetch": RAN})
    assert last_run.read() == {"fetch": RAN}
    last_run.LOCK.write_text("stages: {}\n")
    assert last_run.read() is None


@pytest.mark.parametrize(
    ("metric", "sign", "text"),
    [
        (0.97526, "", "0.9753"),
        (None, "", "-"),
        (12345, "", "12,345"),
        (3, "+", "+3"),
        (-0.00123, "+", "-0.0012"),
        (0.00001, "+", "+1e-05"),
        (0.0, "+", "+0.0000"),
    ],
)
def test_numbers_are_short(metric: float | None, sign: str, text: str) -> None:
    assert report.number(metric, sign) == text


@pytest.mark.parametrize(
    ("parameter", "text"), [(True, "true"), (0.1, "0.1"), ("fast", "fast"), (None, "-")]
)
def test_parameters_are_shown_as_they_stand_in_yaml(parameter: object, text: str) -> None:
    assert report.value(parameter) == text


def test_a_parameter_can_break_neither_the_table_nor_out_of_its_code() -> None:
    assert report.code("a|b`@all`\n# c") == r"`a\|b'@all' # c`"


def test_a_model_that_is_new_has_no_old_number() -> None:
    rows = report.metric_rows({"metrics/evaluate/wide.json": {"errors": {"old": None, "new": 7}}})
    assert rows == [["wide", "errors", "-", "7", "-"]]
