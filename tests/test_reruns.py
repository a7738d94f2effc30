"""A change reruns what depends on it and nothing else, shown with real DVC."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pipeline
from tests.pipeline import MODELS, Project, for_each

COMMENT = "# A comment changes a file and no number.\n"


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Project]:
    """Return a copy of the finished clone, removed after the test since it takes 50 MB."""
    copy = pipeline.finished(tmp_path_factory).copy(tmp_path / "project")
    yield copy
    shutil.rmtree(copy.folder)


def test_more_epochs_retrain_the_model_that_had_fewer_and_back_again_nothing_is_trained(
    project: Project,
) -> None:
    run = project.run("exp", "run", "-S", "train.epochs=10")
    ran = for_each("configure") | {"train@model1", "evaluate@model1", "compare"}
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


def test_an_edited_architecture_retrains_and_scores_its_model(project: Project) -> None:
    project.replace("stages/architectures/model2.py", "DENSE = (32,)", "DENSE = (48,)")
    run = project.run("repro")
    assert (run.ran, run.cached) == ({"train@model2", "evaluate@model2", "compare"}, set())


def test_an_architecture_edited_without_effect_gives_the_same_model(project: Project) -> None:
    project.append("stages/architectures/model2.py", COMMENT)
    run = project.run("repro")
    # Not scored again, since its bytes are the same; compared again for its training time.
    assert (run.ran, run.cached) == ({"train@model2", "compare"}, set())


def test_an_edited_comparison_compares_again(project: Project) -> None:
    project.append("stages/scoring/comparison.py", COMMENT)
    run = project.run("repro")
    assert (run.ran, run.cached) == ({"compare"}, set())


def test_an_edited_score_scores_and_compares_again_and_trains_nothing(project: Project) -> None:
    project.replace(
        "stages/scoring/classification.py",
        "accuracy=1 - errors / len(actual)",
        "accuracy=round(1 - errors / len(actual), 1)",
    )
    run = project.run("repro")
    assert (run.ran, run.cached) == (for_each("evaluate") | {"compare"}, set())


def test_a_score_edited_without_effect_is_not_compared_again(project: Project) -> None:
    project.append("stages/scoring/classification.py", COMMENT)
    # One model, since scoring takes a few seconds of loading TensorFlow for each.
    assert project.run("repro", "--single-item", "evaluate@model1").ran == {"evaluate@model1"}
    assert project.run("repro", "--single-item", "compare").skipped == {"compare"}


def test_a_new_block_is_a_new_model_and_no_other_runs(project: Project) -> None:
    params = project.read_params()
    params["models"]["model1_wide"] = {"architecture": "model1", "dense": [64]}
    project.write_params(params)
    run = project.run("repro")
    new = {f"{stage}@model1_wide" for stage in ("configure", "train", "evaluate")}
    assert (run.ran, run.cached) == (new | {"compare"}, set())
    rows = (project.folder / "metrics/comparison.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == [*MODELS, "model1_wide"]


def test_a_wrong_setting_of_the_last_model_stops_the_run_before_anything_is_fetched(
    tmp_path: Path,
) -> None:
    project = pipeline.clone(tmp_path / "project")
    params = project.read_params()
    params["models"]["model3"]["architecture"] = "modle3"
    project.write_params(params)
    run = project.run("repro", succeeds=False)
    assert run.ran == for_each("configure")
    lines = run.output.splitlines()
    assert [line for line in lines if line.startswith("error:")] == [
        "error: params.yaml: models.model3: unknown architecture 'modle3'; did you mean 'model3'?"
        " (valid: model1, model2, model3)"
    ]
    assert "Traceback" not in run.output
    written = project.output("git", "ls-files", "--others").split()
    outside = [path for path in written if not path.startswith((".dvc/", ".locks/", "dvc.lock"))]
    assert outside == ["models/model1.json", "models/model2.json"]


def test_a_setting_that_went_wrong_and_was_mended_leaves_no_trace(project: Project) -> None:
    params = project.read_params()
    params["train"]["epochs"] = 2.5
    project.write_params(params)
    assert project.run("repro", succeeds=False).ran == {"configure@model1"}
    project.output("git", "checkout", "--quiet", "params.yaml")
    assert project.run("repro").ran == set()
    assert project.output("git", "status", "--short") == ""
