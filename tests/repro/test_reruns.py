"""A change reruns what depends on it and nothing else, shown with real DVC."""

import json

from tests.support.pipeline import Project

COMMENT = "# A comment changes a file and no number.\n"


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
    project.set_params({"models.model2.filters": [2]})
    project.append("stages/fetch/__main__.py", COMMENT)
    run = project.run("repro", succeeds=False)
    assert run.ran == {"configure"}
    assert "\nerror: params.yaml: models.model2.filters: " in run.output
