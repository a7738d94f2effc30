"""docs/own-model.md, "A model of your own", as someone follows it."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests import ROOT
from tests.support import pipeline

PAGE = (ROOT / "docs/own-model.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """Return the one block of code that the page has in a *language*."""
    (found,) = re.findall(rf"^```{language}\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_a_model_is_fewer_than_twenty_lines() -> None:
    lines = [*block("python").splitlines(), *block("yaml").splitlines()]
    written = len([line for line in lines if line.strip()])
    assert written < 20
    assert f"{written} lines in all" in PAGE


def test_the_page_adds_a_model_and_runs_it_alone(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    project = pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    (file,) = re.findall(r"^`(stages/architectures/\w+\.py)`", PAGE, re.MULTILINE)
    (project.folder / file).write_text(block("python"), encoding="utf-8")
    params = project.folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text + block("yaml"), encoding="utf-8")
    run = project.run(*block("sh").removeprefix("dvc ").split())
    assert run.ran == {"configure", "train@small", "evaluate@small", "compare", "report"}
    table = pd.read_csv(project.folder / "metrics/comparison.csv", index_col="model")
    assert table["parameters"]["small"] == 31_306
    project.output("ruff", "check", file)
    project.output("ruff", "format", "--check", file)
