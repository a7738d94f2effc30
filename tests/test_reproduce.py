"""``python -m tools.reproduce``: the whole pipeline a second time, elsewhere."""

import re
from pathlib import Path

import pytest

from tests import pipeline
from tests.pipeline import MODELS, Project
from tools.reproduce import bring_images, clone_committed

# Raw images, three processed parts, nine files of each model, three that compare.
OUTPUTS = 1 + 3 + 9 * len(MODELS) + 3


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the finished clone, to read only."""
    return pipeline.finished(tmp_path_factory)


def git_clone(project: Project, folder: Path) -> Project:
    """Return a clone of what *project* has committed: no data, no models, no cache."""
    project.output("git", "clone", "--quiet", str(project.folder), str(folder))
    return Project(folder)


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return every file in *folder* with its size and the time of its last change."""
    states = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (state.st_size, state.st_mtime_ns) for path, state in states.items()}


def test_another_run_in_another_folder_and_time_zone_writes_the_same_bytes(
    project: Project, tmp_path: Path
) -> None:
    fresh = git_clone(project, tmp_path / "fresh")
    # A path of another length, and a day that has begun already.
    temporary = tmp_path / "a-folder-with-a-much-longer-name" / "than-the-first-one"
    temporary.mkdir(parents=True)
    before = files(fresh.folder)
    printed = fresh.output(
        "env", "TZ=Pacific/Kiritimati", f"TMPDIR={temporary}", "PYTHONDONTWRITEBYTECODE=1",
        "python", "-m", "tools.reproduce",
    )  # fmt: skip
    # Without a cache even the images are fetched anew.
    assert {name for name, end in pipeline.STAGE.findall(printed) if end == ":"} == (
        pipeline.all_stages()
    )
    last = printed.splitlines()[-1]
    found = re.fullmatch(r"the same bytes: (\d+) of (\d+) outputs; .* (\d) differ in times.*", last)
    assert found, printed
    same, all_outputs, others = map(int, found.groups())
    # The times of three models, and the table with them in thousandths; people read them in tenths.
    assert others in (len(MODELS) + 1, len(MODELS) + 2)
    assert (same + others, all_outputs) == (OUTPUTS, OUTPUTS)
    assert files(fresh.folder) == before
    assert list(temporary.iterdir()) == []


def test_images_come_from_the_checkouts_cache_and_nothing_else_does(
    project: Project, tmp_path: Path
) -> None:
    committed, again = clone_committed(project.folder, tmp_path)
    assert bring_images(project.folder, committed, again)
    assert list(again.stages) == ["fetch"]
    for name in ("images.npy", "labels.npy"):
        path = Path("data/raw") / name
        assert (again.folder / path).read_bytes() == (project.folder / path).read_bytes()
    assert sorted(path.name for path in again.folder.iterdir() if path.name != ".git") == sorted(
        {*project.output("git", "ls-tree", "--name-only", "HEAD").split(), "data"} - {"metrics"}
    )
    assert Project(again.folder).output("dvc", "status", "fetch").startswith("Data and pipelines")


def refused(project: Project, folder: Path) -> str:
    """Return the last line of a check that cannot be made; it must leave nothing behind."""
    folder.mkdir()
    done = project.command("env", f"TMPDIR={folder}", "python", "-m", "tools.reproduce")
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    assert list(folder.iterdir()) == []
    return done.stdout.splitlines()[-1]


def test_a_checkout_without_a_lock_or_with_a_wrong_setting_is_told_in_one_line(
    project: Project, tmp_path: Path
) -> None:
    fresh = git_clone(project, tmp_path / "fresh")
    fresh.replace("params.yaml", "architecture: model1", "architecture: modle1")
    fresh.commit("A wrong setting")
    assert refused(fresh, tmp_path / "wrong") == (
        "error: the second run failed; its own words stand above"
    )
    (fresh.folder / "dvc.lock").unlink()
    fresh.commit("No lock")
    assert refused(fresh, tmp_path / "none") == (
        "error: dvc.lock: not committed; run `dvc repro`, then commit it"
    )
