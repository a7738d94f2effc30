"""``python -m tools.reproduce``: the whole pipeline a second time, elsewhere."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.support import pipeline
from tests.support.pipeline import TINY_MODELS, Project
from tools.reproduce import differences

HEADER = "model,accuracy,train_seconds,note\n"


def run_of(folder: Path, row: str, **md5s: str) -> Path:
    """Return *folder* with what a run leaves: this *row* of the comparison, outputs of these MD5s.

    Three outputs that hold times always differ.
    """
    times = ("metrics/comparison.csv", "metrics/comparison.md", "metrics/time/a.json")
    outs: Mapping[str, str] = md5s | dict.fromkeys(times, folder.name)
    listed = [{"path": path, "md5": md5} for path, md5 in outs.items()]
    (folder / "metrics").mkdir(parents=True)
    (folder / "metrics/comparison.csv").write_text(HEADER + row)
    (folder / "dvc.lock").write_text(yaml.safe_dump({"stages": {"train@a": {"outs": listed}}}))
    return folder


def test_an_output_with_other_bytes_and_one_that_is_not_in_both_are_named(tmp_path: Path) -> None:
    first = run_of(tmp_path / "1", "a,0.9,10,fastest\n", same="0", model="1", old="2")
    second = run_of(tmp_path / "2", "a,0.9,20,slowest\n", same="0", model="3", new="2")
    assert differences(first, second) == ["model", "new", "old"]


def test_a_changed_accuracy_is_found_beside_a_changed_time(tmp_path: Path) -> None:
    first = run_of(tmp_path / "1", "a,0.90,10,fastest\n")
    second = run_of(tmp_path / "2", "a,0.91,20,slowest\n")
    assert differences(first, second) == ["metrics/comparison.csv"]


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Project:
    """Return a clone of what was committed after two tiny models had run: no data, no cache."""
    return pipeline.tiny(tmp_path_factory).git_clone(tmp_path / "fresh")


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return every file in *folder* with its size and the time of its last change."""
    states = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (state.st_size, state.st_mtime_ns) for path, state in states.items()}


def test_a_run_elsewhere_in_another_time_zone_writes_the_same_bytes_of_the_models_there_are(
    fresh: Project, tmp_path: Path
) -> None:
    temporary = tmp_path / "a-folder-with-a-much-longer-name-than-the-first-one"
    temporary.mkdir()
    written = len(fresh.hashes())
    gone = "    outs:\n    - path: models/gone.keras\n      hash: md5\n      md5: 0123\n"
    fresh.append("dvc.lock", f"  train@gone:\n    cmd: python -m stages.train gone\n{gone}")
    fresh.commit("A model that was removed since")
    before = files(fresh.folder)
    # A day that has begun already.
    settings = {"TZ": "Pacific/Kiritimati", "TMPDIR": str(temporary)}
    printed = fresh.output(
        "python", "-m", "tools.reproduce", PYTHONDONTWRITEBYTECODE="1", **settings
    )
    run = pipeline.outcome(printed)
    assert run.ran >= {"fetch", *(f"train@{model}" for model in TINY_MODELS)}
    assert (run.cached, run.skipped) == (set(), set())
    assert printed.splitlines()[-1].startswith(f"the same bytes: {written} outputs")
    assert files(fresh.folder) == before
    assert list(temporary.iterdir()) == []


def test_one_that_differs_is_named_and_kept_and_images_come_from_the_cache(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    copy = pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    # One model is enough, and half the time.
    copy.write_params(copy.read_params() | {"models": {"model2": TINY_MODELS["model2"]}})
    assert copy.run("repro").ran == {"configure", "compare", "report"}
    md5 = copy.hashes()["models/model2.keras"]
    (copy.folder / "dvc.lock").write_text(
        (copy.folder / "dvc.lock").read_text().replace(md5, "f" * 32)
    )
    copy.commit("Another model")
    (tmp_path / "temporary").mkdir()
    done = copy.command("python", "-m", "tools.reproduce", TMPDIR=str(tmp_path / "temporary"))
    (kept,) = (tmp_path / "temporary").iterdir()
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2:] == [
        f"error: the second run differs from the committed one; it is kept in {kept}",
        "models/model2.keras",
    ]
    assert pipeline.outcome(done.stdout).skipped == {"fetch"}
    assert Project(kept / "project").hashes()["models/model2.keras"] == md5


def test_a_run_that_fails_is_told_in_one_line_and_leaves_nothing(
    fresh: Project, tmp_path: Path
) -> None:
    fresh.replace("params.yaml", "architecture: model1", "architecture: modle1")
    fresh.commit("A wrong setting")
    (tmp_path / "temporary").mkdir()
    done = fresh.command("python", "-m", "tools.reproduce", TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "error: the second run failed; its own words stand above"
    assert "Traceback" not in done.stdout
    assert list((tmp_path / "temporary").iterdir()) == []
