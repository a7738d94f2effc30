"""A change reruns what depends on it and nothing else, shown with real DVC."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support import pipeline
from tests.support.handmade import flat, write_files
from tests.support.pipeline import Project

COMMENT = "# A comment changes a file and no number.\n"


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Project:
    """Return a copy of the project with two tiny models."""
    return pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")


def test_an_experiment_trains_the_model_it_changes_and_back_again_nothing_is_trained(
    project: Project,
) -> None:
    run = project.run("exp", "run", "--name", "wide", "-S", "models.model1.dense=[9,8]")
    ran = {"configure", "train@model1", "evaluate@model1", "compare", "report"}
    assert (run.ran, run.cached) == (ran, set())
    metrics = json.loads(project.output("dvc", "metrics", "diff", "--json"))
    assert list(metrics) == ["metrics/evaluate/model1.json"]
    shown = project.make("experiments").output.splitlines()
    assert [line.split()[1] for line in shown if "wide" in line] == ["Success"]

    project.output("git", "restore", "params.yaml")
    run = project.run("repro")
    assert (run.ran, run.cached) == (set(), ran)
    # The run-cache brings back every number, even the training times.
    assert project.output("git", "status", "--short") == ""


def test_edits_without_effect_run_their_stage_and_nothing_behind_it(project: Project) -> None:
    project.append("README.md", COMMENT)
    project.append("requirements/base.txt", COMMENT)
    assert json.loads(project.output("dvc", "status", "--json")).keys() == {"configure"}
    project.append("stages/architectures/model2.py", COMMENT)
    run = project.run("repro")
    # Compared again for its training time.
    ran = {"configure", "train@model2", "evaluate@model2", "compare", "report"}
    assert (run.ran, run.cached) == (ran, set())


def test_a_wrong_setting_of_the_last_model_stops_the_run_before_anything_else(
    project: Project,
) -> None:
    params = project.read_params()
    params["models"]["model2"]["filters"] = [2]
    project.write_params(params)
    project.append("stages/fetch/__main__.py", COMMENT)
    run = project.run("repro", succeeds=False)
    assert run.ran == {"configure"}
    assert "\nerror: params.yaml: models.model2.filters: " in run.output


def test_images_that_are_changed_added_or_removed_are_fetched_and_no_others(tmp_path: Path) -> None:
    project, photos = pipeline.clone(tmp_path / "project"), tmp_path / "photos of mine"
    write_files(photos, {"cat/0.png": flat(0), "cat/1.png": flat(1), "dog/0.png": flat(2)})
    params = project.read_params()
    params["data"]["path"] = "../photos of mine"
    project.write_params(params)
    changes: list[Callable[[], object]] = [
        lambda: None,
        lambda: write_files(photos, {"cat/1.png": flat(7)}),
        lambda: write_files(photos, {"dog/more/2.png": flat(9)}),
        (photos / "cat/0.png").unlink,
    ]
    seen = []
    for change in changes:
        change()
        assert project.run("repro", "fetch").ran == {"fetch"}
        seen.append(np.load(project.folder / "data/raw/images.npy")[:, 0, 0, 0].tolist())
    assert seen == [[0, 2, 1], [0, 2, 7], [0, 2, 7, 9], [7, 2, 9]]
    assert project.run("repro", "fetch").skipped == {"fetch"}
