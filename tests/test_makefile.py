"""What make may remove, and its check of dvc.lock."""

from pathlib import Path

import pytest

from tests.support.pipeline import Project, clone


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


def test_check_lock_passes_without_data_and_tells_of_an_edit_and_of_a_metric_changed_by_hand(
    tiny: Project, tmp_path: Path
) -> None:
    fresh, copy = tiny.git_clone(tmp_path / "fresh"), tiny.copy(tmp_path / "copy")
    assert fresh.make("check-lock").output == ""
    fresh.append("stages/evaluate/__main__.py", "# a comment\n")
    # Where the cache holds the true metric.
    copy.append("metrics/evaluate/model2.json", "\n")
    for project in (fresh, copy):
        assert project.make("check-lock", succeeds=False).output.splitlines()[0] == (
            "error: dvc.lock is not up to date: run `dvc repro`, then commit dvc.lock and metrics/"
        )
