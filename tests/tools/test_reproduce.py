"""``python -m tools.reproduce``: the whole pipeline a second time, elsewhere."""

from pathlib import Path

import yaml

from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import TINY_MODELS, Project


def test_a_run_elsewhere_in_another_time_zone_writes_the_same_bytes_of_the_models_there_are(
    tiny: Project, tmp_path: Path
) -> None:
    project = tiny.git_clone(tmp_path / "fresh")
    temporary = tmp_path / "a-folder-with-a-much-longer-name-than-the-first-one"
    temporary.mkdir()
    written = len(project.hashes())
    gone = "    outs:\n    - path: models/gone.keras\n      hash: md5\n      md5: 0123\n"
    project.append("dvc.lock", f"  train@gone:\n    cmd: python -m stages.train gone\n{gone}")
    project.commit("A model that was removed since")
    # Here the models were trained side by side, there they are trained one after the other.
    # A day that has begun already.
    variables = {"TZ": "Pacific/Kiritimati", "TMPDIR": str(temporary)}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    printed = project.output("python", "-m", "tools.reproduce", **variables)
    run = pipeline.outcome(printed)
    assert run.ran >= {"fetch", *(f"train@{model}" for model in TINY_MODELS)}
    assert (run.cached, run.skipped) == (set(), set())
    assert printed.splitlines()[-1].startswith(f"the same bytes: {written} outputs")
    assert project.output("git", "status", "--short", "--ignored") == ""
    assert list(temporary.iterdir()) == []


def test_what_differs_in_more_than_times_is_named_and_kept(tmp_path: Path) -> None:
    # In a folder elsewhere it is the second run.
    run = """runs=1; case $PWD in */reproduce-*) runs=2; accuracy=0.92;; esac
        mkdir -p metrics; echo $runs > model
        printf "accuracy,train_seconds,note\\n${accuracy:-0.90},$runs,\\n" |
            tee metrics/comparison.csv"""
    # A part of a larger repository.
    project = Project(tmp_path / "part")
    project.folder.mkdir()
    (project.folder / "run.sh").write_text(run)
    outs: list[object] = ["model", {"metrics/comparison.csv": {"cache": False}}]
    stages = {"compare": {"cmd": "bash run.sh", "outs": outs}}
    (project.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    project.output("sh", "-c", "git init --quiet ..; dvc init --quiet --subdir; dvc repro --quiet")
    project.commit("A run")
    project.append("dvc.lock", "# Not committed.")
    variables = {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = project.command("python", "-m", "tools.reproduce", **variables)
    assert done.returncode == 1
    first, *_, told, one, other = done.stdout.splitlines()
    assert first == "note: uncommitted changes are left out"
    (kept,) = tmp_path.glob("reproduce-*")
    words = "error: the second run differs from the committed one; it is kept in"
    assert [told, one, other] == [f"{words} {kept / 'part'}", "metrics/comparison.csv", "model"]
