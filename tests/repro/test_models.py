"""Models go, and change their names, with their blocks in params.yaml; with real DVC.

A new file of one is in test_own_model_page.py.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tests.support.pipeline import Project


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Project]:
    """Return a copy of the project with two tiny models."""
    yield pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    shutil.rmtree(tmp_path / "project")


def set_models(project: Project, models: dict[Any, Any]) -> None:
    project.write_params(project.read_params() | {"models": models})


def assert_models(project: Project, *names: str) -> None:
    """Check that these are all the models there are, for the table and for DVC."""
    rows = (project.folder / "metrics/comparison.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == list(names)
    assert project.make("check-lock").output == ""


def test_a_removed_model_trains_nothing(project: Project) -> None:
    models = project.read_params()["models"]
    set_models(project, {"model1": models["model1"]})
    project.output("sh", "-c", "git rm --quiet 'metrics/*/model2.*'")
    run = project.run("repro")
    assert (run.ran, run.cached) == ({"configure", "compare", "report"}, set())
    assert_models(project, "model1")


def test_a_renamed_model_is_trained_and_no_other(project: Project) -> None:
    models = project.read_params()["models"]
    set_models(project, {"narrow": models["model1"], "model2": models["model2"]})
    project.output("sh", "-c", "git rm --quiet 'metrics/*/model1.*'")
    run = project.run("repro")
    new = {"train@narrow", "evaluate@narrow"}
    assert (run.ran, run.cached) == ({"configure", "compare", "report"} | new, set())
    assert_models(project, "narrow", "model2")


def test_a_model_named_by_a_number_is_refused_before_anything_runs(project: Project) -> None:
    models = project.read_params()["models"]
    set_models(project, models | {4: models["model1"]})
    # DVC cannot sort such names; when this fails, the row in docs/troubleshooting.md may go.
    run = project.run("repro", succeeds=False)
    assert run.ran == set()
    assert "'<' not supported between instances of 'int' and 'str'" in run.output
    run = project.make("repro", succeeds=False)
    assert run.ran == set()
    assert run.output.splitlines()[0] == (
        "error: params.yaml: models: 4 cannot be a name; "
        "take letters, digits, _ and -, a letter first"
    )
