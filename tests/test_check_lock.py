"""``python -m tools.check_lock`` in a fresh clone of a project whose pipeline has run."""

from pathlib import Path

import pytest

from tests import pipeline
from tests.pipeline import MODELS, Project


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a Git clone of the finished project: no data, no models, no cache."""
    origin = pipeline.finished(tmp_path_factory)
    folder = tmp_path_factory.mktemp("fresh") / "project"
    origin.output("git", "clone", "--quiet", str(origin.folder), str(folder))
    return Project(folder)


@pytest.fixture
def project(fresh: Project, tmp_path: Path) -> Project:
    """Return a copy of the fresh clone."""
    return fresh.copy(tmp_path / "project")


def problems(project: Project) -> list[str]:
    """Return what the check finds; it must find something and say so in its exit code."""
    done = project.command("python", "-m", "tools.check_lock")
    first, *found = done.stdout.splitlines()
    assert done.returncode == 1, done.stdout
    assert first.startswith("error: dvc.lock is not up to date"), done.stdout
    return found


def test_a_fresh_clone_passes(fresh: Project) -> None:
    assert not (fresh.folder / "data").exists()
    assert not (fresh.folder / ".dvc/cache").exists()
    printed = fresh.output("python", "-m", "tools.check_lock")
    assert printed == "dvc.lock is up to date\n"


def test_so_does_the_place_where_the_pipeline_ran(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pipeline.finished(tmp_path_factory).output("python", "-m", "tools.check_lock")


def test_changed_code_names_its_stages(project: Project) -> None:
    project.append("stages/evaluate.py", "# a comment\n")
    assert problems(project) == [f"evaluate@{m}: stages/evaluate.py modified" for m in MODELS]


def test_a_changed_source_of_images_names_fetch(project: Project) -> None:
    project.append("stages/datasets/sources/openml.py", "# a comment\n")
    assert problems(project) == ["fetch: stages/datasets/sources modified"]


def test_code_that_is_gone_names_its_stage(project: Project) -> None:
    (project.folder / "stages/splitting.py").unlink()
    assert problems(project) == ["preprocess: stages/splitting.py deleted"]


def test_a_changed_parameter_names_its_stage(project: Project) -> None:
    params = project.read_params()
    params["split"]["seed"] = 1
    project.write_params(params)
    assert problems(project) == ["preprocess: params.yaml: split modified"]


def test_a_changed_command_names_its_stage(project: Project) -> None:
    project.replace("dvc.yaml", "python -m stages.fetch", "python -m stages.fetch again")
    assert problems(project) == ["fetch: changed command"]


def test_a_dependency_that_is_no_longer_listed_is_named(project: Project) -> None:
    project.replace("dvc.yaml", "      - stages/splitting.py\n", "")
    assert problems(project) == [
        "preprocess: dependency stages/splitting.py is in dvc.lock, not in dvc.yaml"
    ]


def test_a_model_under_another_name_is_old_stages_and_new_ones(project: Project) -> None:
    params = project.read_params()
    params["models"]["wide"] = params["models"].pop("model3")
    project.write_params(params)
    stages = ("configure", "train", "evaluate")
    assert sorted(problems(project)) == sorted(
        [
            *(f"{stage}@model3: in dvc.lock, not in dvc.yaml" for stage in stages),
            *(f"{stage}@wide: in dvc.yaml, not in dvc.lock" for stage in stages),
            "compare: params.yaml: models modified",
        ]
    )


@pytest.mark.parametrize("change", ["modified", "deleted"])
def test_metrics_that_are_not_those_of_the_run_are_named(project: Project, change: str) -> None:
    file = project.folder / "metrics/evaluate/model2.json"
    if change == "modified":
        file.write_text(file.read_text().replace('"accuracy": 0', '"accuracy": 1'))
    else:
        file.unlink()
    assert problems(project) == [
        f"evaluate@model2: metrics/evaluate/model2.json {change}",
        "compare: metrics/evaluate modified",
    ]


def test_metrics_outside_git_are_named(project: Project) -> None:
    project.output("git", "rm", "--quiet", "--cached", "metrics/evaluate/model2.json")
    assert problems(project) == ["evaluate@model2: metrics/evaluate/model2.json is not in Git"]


def test_a_model_scored_in_another_version_than_was_trained_is_named(project: Project) -> None:
    outs = project.read_lock()["train@model2"]["outs"]
    trained = next(out["md5"] for out in outs if out["path"] == "models/model2.keras")
    lock = project.folder / "dvc.lock"
    before, after = lock.read_text().split("  train@model2:")
    lock.write_text(f"{before}  train@model2:{after.replace(trained, 'f' * 32, 1)}")
    assert problems(project) == [
        "evaluate@model2: models/model2.keras has another md5 than the stage that wrote it recorded"
    ]


def test_no_lock_at_all_is_one_line(project: Project) -> None:
    (project.folder / "dvc.lock").unlink()
    assert problems(project) == ["dvc.lock: not there"]


def test_a_lock_that_is_not_whole_is_no_traceback(project: Project) -> None:
    project.append("dvc.lock", "<<<<<<< a merge\n")
    done = project.command("python", "-m", "tools.check_lock")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "error: `dvc status --json` failed"
    assert "Traceback" not in done.stdout
