"""A change reruns what depends on it and nothing else, shown with real DVC."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import pipeline
from tests.support.pipeline import Project, for_each

COMMENT = "# A comment changes a file and no number.\n"


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Project]:
    """Return a copy of the finished clone, removed after the test since it takes 50 MB."""
    copy = pipeline.finished(tmp_path_factory).copy(tmp_path / "project")
    yield copy
    shutil.rmtree(copy.folder)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy for edits after which nothing is run."""
    return pipeline.finished(tmp_path_factory).copy(tmp_path_factory.mktemp("edited") / "project")


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        ("requirements/base.txt", {"configure"}),
        ("stages/configure/recipes.py", {"configure"}),
        ("stages/fetch/sources/pypi.py", {"fetch"}),
        ("stages/preprocess/splitting.py", {"preprocess"}),
        ("stages/train/adam.py", for_each("train")),
        ("stages/evaluate/scores.py", for_each("evaluate")),
        ("stages/compare/comparison.py", {"compare"}),
        ("stages/report/page.css", set()),
        ("stages/compare/significance.py", {"compare"}),
        ("stages/tables.py", {"compare"}),
        ("stages/verdict.py", {"compare"}),
        ("stages/architectures/model2.py", {"configure", "train@model2"}),
        ("stages/params.py", {"configure", "fetch", "preprocess", "compare"}),
        ("stages/settings.py", {"configure", "compare"} | for_each("train")),
        ("stages/processed.py", {"preprocess"} | for_each("train", "evaluate")),
        ("stages/raw.py", {"fetch", "preprocess"}),
        ("stages/backend.py", for_each("train", "evaluate")),
        ("stages/common/files.py", pipeline.all_stages()),
        ("README.md", set()),
    ],
)
def test_edited_file_changes_the_stages_that_read_it(
    edited: Project, path: str, stages: set[str]
) -> None:
    edited.output("git", "restore", ".")
    edited.append(path, COMMENT)
    # The report has the hashes of all code.
    wanted = stages | ({"report"} if path.startswith("stages/") else set())
    assert json.loads(edited.output("dvc", "status", "--json")).keys() == wanted


def test_more_epochs_retrain_the_model_that_had_fewer_and_back_again_nothing_is_trained(
    project: Project,
) -> None:
    run = project.run("exp", "run", "-S", "train.epochs=10")
    ran = {"configure", "train@model1", "evaluate@model1", "compare", "report"}
    assert (run.ran, run.cached) == (ran, set())
    history = (project.folder / "metrics/history/model1.csv").read_text().splitlines()
    assert len(history) == 1 + 10

    params = json.loads(project.output("dvc", "params", "diff", "--json"))
    assert params == {"params.yaml": {"train.epochs": {"old": None, "new": 10}}}
    metrics = json.loads(project.output("dvc", "metrics", "diff", "--json"))
    assert list(metrics) == ["metrics/evaluate/model1.json"]

    project.output("git", "checkout", "--quiet", "params.yaml")
    run = project.run("repro")
    assert (run.ran, run.cached) == (set(), ran)
    # The run-cache brings back every number, even the training times.
    assert project.output("git", "status", "--short") == ""


def test_edits_without_effect_run_their_stage_and_nothing_behind_it(project: Project) -> None:
    project.append("requirements/base.txt", COMMENT)
    project.append("stages/architectures/model2.py", COMMENT)
    run = project.run("repro")
    # Not scored again, since its bytes are the same; compared again for its training time.
    assert (run.ran, run.cached) == ({"configure", "train@model2", "compare", "report"}, set())


def test_wrong_setting_of_the_last_model_stops_the_run_before_anything_is_fetched(
    tmp_path: Path,
) -> None:
    project = pipeline.clone(tmp_path / "project")
    project.replace("params.yaml", "architecture: model3", "architecture: modle3")
    run = project.run("repro", succeeds=False)
    assert run.ran == {"configure"}
    lines = run.output.splitlines()
    assert [line for line in lines if line.startswith("error:")] == [
        "error: params.yaml: models.model3: unknown architecture 'modle3'; did you mean 'model3'?"
        " (valid: model1, model2, model3)"
    ]
    assert "Traceback" not in run.output
    assert not (project.folder / "models").exists()
    # A wrong value that is mended leaves no trace.
    project.output("git", "checkout", "--quiet", "params.yaml")
    assert project.run("repro", "configure").ran == {"configure"}
