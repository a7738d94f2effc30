"""``python -m tools.reproduce``: the whole pipeline a second time, elsewhere."""

from pathlib import Path

import pytest
import yaml

from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import TINY_MODELS, Project


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return every file in *folder* with its size and the time of its last change."""
    states = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (state.st_size, state.st_mtime_ns) for path, state in states.items()}


def test_a_run_elsewhere_in_another_time_zone_writes_the_same_bytes_of_the_models_there_are(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    project = pipeline.tiny(tmp_path_factory).git_clone(tmp_path / "fresh")
    temporary = tmp_path / "a-folder-with-a-much-longer-name-than-the-first-one"
    temporary.mkdir()
    written = len(project.hashes())
    gone = "    outs:\n    - path: models/gone.keras\n      hash: md5\n      md5: 0123\n"
    project.append("dvc.lock", f"  train@gone:\n    cmd: python -m stages.train gone\n{gone}")
    project.commit("A model that was removed since")
    before = files(project.folder)
    # A day that has begun already.
    variables = {"TZ": "Pacific/Kiritimati", "TMPDIR": str(temporary)}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    printed = project.output("python", "-m", "tools.reproduce", **variables)
    run = pipeline.outcome(printed)
    assert run.ran >= {"fetch", *(f"train@{model}" for model in TINY_MODELS)}
    assert (run.cached, run.skipped) == (set(), set())
    assert printed.splitlines()[-1].startswith(f"the same bytes: {written} outputs")
    assert files(project.folder) == before
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("model=$runs", ["error: the second run differs", "model"]),
        ("accuracy=0.9$runs", ["error: the second run differs", "metrics/comparison.csv"]),
        ("[ $runs = 1 ] || exit 1", ["error: the second run failed; its own words stand above"]),
    ],
)
def test_what_differs_in_more_than_times_is_named_and_kept(
    tmp_path: Path, script: str, last: list[str]
) -> None:
    temporary, project = tmp_path / "temporary", Project(tmp_path / "project")
    for folder in (temporary, project.folder):
        folder.mkdir()
    run = f"""echo >> {tmp_path}/runs; runs=$(wc -l < {tmp_path}/runs)
        accuracy=0.90; model=0; {script}
        echo $model > model; mkdir -p metrics
        printf "accuracy,train_seconds,note\\n$accuracy,$runs,\\n" > metrics/comparison.csv"""
    (project.folder / "run.sh").write_text(run)
    outs: list[object] = ["model", {"metrics/comparison.csv": {"cache": False}}]
    stages = {"compare": {"cmd": "bash run.sh", "outs": outs}}
    (project.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for command in ("git init --quiet", "dvc init --quiet", "dvc repro --quiet"):
        project.output(*command.split())
    project.commit("A run")
    project.append("dvc.lock", "# Not committed.")
    variables = {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    done = project.command("python", "-m", "tools.reproduce", **variables)
    lines = done.stdout.splitlines()
    assert lines[0] == "note: changes that are not committed are left out"
    assert done.returncode == 1
    kept = [str(path) for path in temporary.iterdir()]
    if len(last) > 1:
        last = [f"{last[0]} from the committed one; it is kept in {kept[0]}", last[1]]
    assert lines[-len(last) :] == last
    assert len(kept) == len(last) - 1
