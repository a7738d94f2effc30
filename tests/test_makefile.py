"""What make may remove, and its check of dvc.lock."""

import shutil
from pathlib import Path

import pytest

from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import Project


@pytest.fixture
def unready(tmp_path: Path) -> Project:
    """Return a folder with what make needs to set an environment up, and nothing else."""
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    for path in (ROOT / "Makefile", *ROOT.glob("requirements/*.txt")):
        copy = project.folder / path.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
    return project


@pytest.mark.parametrize("target", ["clean", "setup"])
def test_a_folder_that_is_named_as_the_environment_is_left_alone(
    unready: Project, tmp_path: Path, target: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis").touch()
    # A Python that does nothing, so that no set-up gets as far as to install.
    unready.command("make", target, "PYTHON=true", VENV=str(folder))
    unready.command("make", target, "PYTHON=true", f"VENV={folder}")
    assert list(folder.iterdir()) == [folder / "thesis"]


def test_clean_leaves_data_models_caches_and_checkpoints(unready: Project) -> None:
    kept = {"data/raw", "models/m.keras", ".dvc/cache", ".checkpoints/m.npz", "stages/fetch/x.py"}
    removed = {
        *(".venv/bin", ".mypy_cache", "dvc_plots", "logs/m", ".locks/stages.train_m"),
        ".checkpoints/m.npz.unused",
        *("tools/__pycache__", "stages/fetch/__pycache__", "stages/fetch/sources/__pycache__"),
    }
    for name in kept | removed:
        (unready.folder / name).mkdir(parents=True)
    unready.output("make", "clean")
    assert {name for name in kept | removed if (unready.folder / name).exists()} == kept


def test_check_lock_passes_without_data_and_tells_of_an_edit_and_of_a_metric_changed_by_hand(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    tiny = pipeline.tiny(tmp_path_factory)
    fresh, copy = tiny.git_clone(tmp_path / "fresh"), tiny.copy(tmp_path / "copy")
    assert fresh.make("check-lock").output == ""
    fresh.append("stages/evaluate/__main__.py", "# a comment\n")
    # Where the cache holds the true metric.
    copy.append("metrics/evaluate/model2.json", "\n")
    for project in (fresh, copy):
        assert project.make("check-lock", succeeds=False).output.splitlines()[0] == (
            "error: dvc.lock is not up to date: run `dvc repro`, then commit dvc.lock and metrics/"
        )
