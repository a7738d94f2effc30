"""The environment, what make may remove, and its check of dvc.lock."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.pipeline import Project, borrowed_environment, clone


@pytest.mark.parametrize("target", ["clean", "setup"])
def test_a_folder_that_is_named_as_the_environment_is_left_alone(
    tmp_path: Path, target: str
) -> None:
    project, folder = clone(tmp_path / "project"), tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis").touch()
    # A Python that does nothing, so that no set-up gets as far as to install.
    project.command("make", target, "PYTHON=true", VENV=str(folder))
    project.command("make", target, "PYTHON=true", f"VENV={folder}")
    assert list(folder.iterdir()) == [folder / "thesis"]


def test_clean_leaves_data_models_caches_and_checkpoints(tmp_path: Path) -> None:
    project = clone(tmp_path / "project")
    kept = {"data/raw", "models/m.keras", ".dvc/cache", ".checkpoints/m.npz", "stages/fetch/x.py"}
    removed = {
        *(".venv/bin", ".mypy_cache", "dvc_plots", "logs/m", ".locks/stages.train_m"),
        ".checkpoints/m.npz.unused",
        *("tools/__pycache__", "stages/fetch/__pycache__", "stages/fetch/sources/__pycache__"),
    }
    for name in kept | removed:
        (project.folder / name).mkdir(parents=True)
    project.output("make", "clean")
    assert {name for name in kept | removed if (project.folder / name).exists()} == kept


def test_the_environment_follows_what_is_required_and_stays_if_a_new_one_cannot_be_made(
    tmp_path: Path,
) -> None:
    project = clone(tmp_path / "project")
    environment = project.folder / ".venv"
    borrowed_environment(environment)
    (environment / "mine").touch()
    (project.folder / "requirements/base.txt").touch()
    assert project.output("make", "setup") == ""
    project.append("requirements/base.txt", "no-such-package==1\n")
    killer = tmp_path / "python"
    killer.write_text("#!/bin/sh\n[ $1 = -c ] || kill -9 $PPID\n")
    killer.chmod(0o755)
    # No Python; one that makes no environment; killed in the middle.
    for python in ("false", "true", killer):
        assert project.command("make", "setup", f"PYTHON={python}").returncode != 0
        assert (tmp_path / "project/.venv-old").exists() == (python == killer)
    project.output("git", "restore", "requirements")
    assert project.output("make", "setup") == ""
    assert (environment / "mine").exists()
    # A link to an environment elsewhere is ignored as well.
    environment.rename(tmp_path / "elsewhere")
    environment.symlink_to(tmp_path / "elsewhere")
    assert ".venv" not in project.output("git", "status", "--short")


def test_check_lock_passes_without_data_and_tells_of_an_edit_and_of_a_metric_changed_by_hand(
    tiny: Project, tmp_path: Path
) -> None:
    copy, fresh = tiny.copy(tmp_path / "copy"), replace(tiny, folder=tmp_path / "fresh")
    # As by Git for Windows.
    words = ("git", "clone", "--quiet", "--config", "core.autocrlf=true", ".", str(fresh.folder))
    tiny.output(*words)
    assert fresh.make("check-lock").output == ""
    fresh.append("stages/evaluate/__main__.py", "# a comment\n")
    # Where the cache holds the true metric.
    copy.append("metrics/evaluate/model2.json", "\n")
    for project, stages in ((fresh, "evaluate@model1, evaluate@model2"), (copy, "evaluate@model2")):
        told = project.make("check-lock", succeeds=False).output.splitlines()[0]
        assert told.startswith(f"error: dvc.lock is not up to date for {stages}")
        assert told.endswith(": run `dvc repro`, then commit dvc.lock and metrics/")


@pytest.mark.parametrize("target", ["check-lock", "experiments"])
def test_a_file_that_cannot_be_read_is_named(project: Project, target: str) -> None:
    for file, problem in (
        ("params.yaml", r"^error: params\.yaml: not valid YAML: line \d+: "),
        ("dvc.yaml", r"^'./dvc\.yaml' is invalid"),
        ("dvc.lock", r"^'./dvc\.lock' is invalid \(possible merge conflicts\)"),
    ):
        path = project.folder / file
        whole = path.read_text()
        path.write_text(f"<<<<<<< HEAD\n{whole}\t")
        assert re.search(problem, project.make(target, succeeds=False).output, re.MULTILINE)
        path.write_text(whole)
