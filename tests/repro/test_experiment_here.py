"""An experiment with real DVC: run here, undone, applied, made a branch."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import pipeline
from tests.support.pipeline import Project


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Project]:
    """Return a clone with two tiny models, finished and committed."""
    yield pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    shutil.rmtree(tmp_path / "project")


def test_it_changes_what_is_here_and_can_be_taken_back_applied_and_made_a_branch(
    project: Project,
) -> None:
    # Settings of a model that are a list.
    setting = "models.model1.dense=[9,8]"
    run = project.run("exp", "run", "--name", "wide", "-S", setting)
    assert run.ran == {"configure", "train@model1", "evaluate@model1", "compare", "report"}
    assert "Experiment results have been applied to your workspace." in run.output
    assert project.read_params()["models"]["model1"]["dense"] == [9, 8]
    model = project.hashes()["models/model1.keras"]

    project.output("git", "restore", ".")
    project.output("dvc", "checkout")
    assert project.command("dvc", "status", "--quiet").returncode == 0
    assert project.hashes()["models/model1.keras"] != model

    project.output("dvc", "exp", "apply", "wide")
    assert project.read_params()["models"]["model1"]["dense"] == [9, 8]
    assert project.hashes()["models/model1.keras"] == model
    assert project.command("dvc", "status", "--quiet").returncode == 0
    shown = project.make("experiments").output.splitlines()
    assert [line.split()[1] for line in shown if "wide" in line] == ["Success"]

    project.output("git", "restore", ".")
    project.output("dvc", "exp", "branch", "wide", "other")
    params = yaml.safe_load(project.output("git", "show", "other:params.yaml"))
    assert params["models"]["model1"]["dense"] == [9, 8]
    assert project.output("git", "rev-list", "--count", "main..other").strip() == "1"
