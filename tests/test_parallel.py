"""Stages side by side, with real DVC: on a pipeline that only sleeps, and on tiny models."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.common.errors import StageError
from tests import ROOT, pipeline
from tests.pipeline import TIME_LIMIT, Project, environment
from tests.processes import processes_in, wait_until
from tools.parallel import repro
from tools.parallel.graph import all_needs, chains, from_dot, upstream

PIPELINE = """
stages:
  configure:
    foreach: ${models}
    do:
      cmd: grep threads params.yaml > ${key}.settings
      params: [train.threads, "models.${key}"]
      outs: ["${key}.settings"]
  train:
    foreach: ${models}
    do:
      cmd: python train.py ${key}
      params: ["models.${key}"]
      deps: [train.py, "${key}.settings"]
      outs: ["${key}.model"]
  evaluate:
    foreach: ${models}
    do:
      cmd: cp ${key}.model ${key}.score
      deps: ["${key}.model"]
      outs: ["${key}.score"]
  compare:
    cmd: cat a.score b.score c.score > comparison
    deps: [a.score, b.score, c.score]
    outs: [comparison]
"""
PARAMS = "train:\n  threads: null\nmodels:\n  a: {width: 1}\n  b: {width: 1}\n  c: {width: 1}\n"
# Sleeps for the time that a file says; writes down when it started and ended.
TRAIN = """
import sys
import time
from pathlib import Path

name = sys.argv[1]
started = time.monotonic()
Path(f"{name}.started").touch()
print(name, "starts")
time.sleep(float(Path("seconds").read_text()))
if Path(f"{name}.fails").exists():
    sys.exit("out of luck")
Path(f"{name}.model").write_text(f"{started} {time.monotonic()}\\n")
"""
NAMES = ("a", "b", "c")
THREADS_OF_THREE = max(1, (os.cpu_count() or 1) // 3)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a pipeline of three trainings that sleep, for no time at all, run by plain DVC.

    It is not in Git.
    """
    project = Project(tmp_path_factory.mktemp("sleeping") / "project")
    (project.folder / ".dvc").mkdir(parents=True)
    for name, text in {
        ".dvc/config": "[core]\n    no_scm = true\n    analytics = false\n",
        "dvc.yaml": PIPELINE,
        "params.yaml": PARAMS,
        "train.py": TRAIN,
        "seconds": "0",
    }.items():
        (project.folder / name).write_text(text)
    for package in ("tools", "stages"):
        (project.folder / package).symlink_to(ROOT / package)
    project.output("dvc", "repro")
    return project


@pytest.fixture
def sleeping(finished: Project, tmp_path: Path) -> Project:
    """Return a copy of the pipeline that has run, to change."""
    return finished.copy(tmp_path / "project")


def change_all(project: Project, seconds: float) -> None:
    """Change what every training depends on, and how long it sleeps."""
    project.append("train.py", "# changed\n")
    (project.folder / "seconds").write_text(str(seconds))
    for name in NAMES:
        (project.folder / f"{name}.started").unlink()


def side_by_side(project: Project) -> subprocess.CompletedProcess[str]:
    """Run what changed, three trainings at once."""
    return project.command("python", "-m", "tools.parallel.repro", "3", "train")


def lines_of(name: str, printed: str) -> list[str]:
    """Return the lines that were printed under a label."""
    start = f"{name} | "
    return [line.removeprefix(start) for line in printed.splitlines() if line.startswith(start)]


def test_one_changed_model_trains_alone_and_no_setting_changes(sleeping: Project) -> None:
    text = (sleeping.folder / "params.yaml").read_text()
    changed = text.replace("a: {width: 1}", "a: {width: 2}")
    assert changed != text
    (sleeping.folder / "params.yaml").write_text(changed)
    before = sleeping.read_lock()
    done = side_by_side(sleeping)
    assert done.returncode == 0, done.stdout
    after = sleeping.read_lock()
    assert {name for name in after if after[name] != before[name]} == {
        "configure@a", "train@a", "evaluate@a", "compare",
    }  # fmt: skip
    assert (sleeping.folder / "params.yaml").read_text() == changed
    assert not lines_of("a", done.stdout)


def test_ctrl_c_stops_every_training(sleeping: Project) -> None:
    change_all(sleeping, 60)
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.parallel.repro", "3", "train"],
        cwd=sleeping.folder,
        env=environment(sleeping.folder.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until(lambda: all((sleeping.folder / f"{name}.started").exists() for name in NAMES))
    # To this process alone, as `kill` would; in a terminal all of its group get it.
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == 130, printed
    assert printed.splitlines()[-1].startswith("interrupted: ")
    assert not processes_in(sleeping.folder)
    assert sleeping.command("dvc", "status", "--quiet").returncode == 1


def test_three_trainings_take_the_time_of_one(sleeping: Project) -> None:
    seconds = 4
    change_all(sleeping, seconds)
    done = side_by_side(sleeping)
    assert done.returncode == 0, done.stdout
    times = [tuple(map(float, (sleeping.folder / f"{n}.model").read_text().split())) for n in NAMES]
    took = max(end for _, end in times) - min(start for start, _ in times)
    assert took < 2.5 * seconds, times
    for name in NAMES:
        assert f"{name} starts" in lines_of(name, done.stdout)
        assert not set(lines_of(name, done.stdout)) & {
            f"{other} starts" for other in NAMES if other != name
        }

    assert sleeping.read_params()["train"]["threads"] == THREADS_OF_THREE
    assert f"params.yaml: train.threads was null, is {THREADS_OF_THREE} now" in done.stdout
    # The plain command finds everything done.
    assert sleeping.command("dvc", "status", "--quiet").returncode == 0
    assert (sleeping.folder / "comparison").read_text() == "".join(
        (sleeping.folder / f"{name}.model").read_text() for name in NAMES
    )


def test_one_that_fails_leaves_the_others_and_is_named(sleeping: Project) -> None:
    change_all(sleeping, 0)
    compared = (sleeping.folder / "comparison").read_text()
    (sleeping.folder / "b.fails").touch()
    done = side_by_side(sleeping)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "error: train@b: failed, see above; the others are done"
    )
    assert "out of luck" in lines_of("b", done.stdout)
    assert "Traceback" not in done.stdout
    status = json.loads(sleeping.output("dvc", "status", "--json"))
    assert set(status) == {"train@b", "evaluate@b", "compare"}
    assert (sleeping.folder / "comparison").read_text() == compared

    (sleeping.folder / "b.fails").unlink()
    others = [(sleeping.folder / f"{name}.score").read_text() for name in ("a", "c")]
    assert side_by_side(sleeping).returncode == 0
    assert [(sleeping.folder / f"{name}.score").read_text() for name in ("a", "c")] == others
    assert (sleeping.folder / "comparison").read_text() != compared


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5", ""])
def test_wrong_number_of_jobs_is_told_in_one_line(jobs: str) -> None:
    with pytest.raises(StageError) as caught:
        repro.main(jobs, "train")
    assert str(caught.value) == f"JOBS: should be a whole number, 1 or more, got {jobs!r}"


def test_stage_that_is_no_block_of_several_is_told_in_one_line(sleeping: Project) -> None:
    done = sleeping.command("python", "-m", "tools.parallel.repro", "2", "compare")
    line = "error: dvc.yaml: stages: no block 'compare' with `foreach`\n"
    assert (done.returncode, done.stdout) == (1, line)


GRAPH = from_dot(
    """strict digraph  {
"fetch";
"train@x";
"alone";
"fetch" -> "train@x";
"fetch" -> "train@y";
"train@x" -> "draw@x";
"train@x" -> "score@x";
"draw@x" -> "score@x";
"fetch" -> "score@x";
"train@y" -> "compare";
"score@x" -> "compare";
}
"""
)


def test_graph_is_read_with_stages_that_stand_alone() -> None:
    assert GRAPH["alone"] == GRAPH["fetch"] == set()
    assert GRAPH["score@x"] == {"train@x", "draw@x", "fetch"}
    assert GRAPH["compare"] == {"train@y", "score@x"}


def test_behind_each_training_stands_in_order_what_needs_it_alone() -> None:
    needs = all_needs(GRAPH)
    assert chains(["train@x", "train@y"], needs) == {
        "train@x": ["train@x", "draw@x", "score@x"],
        "train@y": ["train@y"],
    }
    assert chains(["train@y"], needs) == {"train@y": ["train@y", "compare"]}


def test_what_comes_before_is_in_the_order_of_dvc_yaml_but_each_behind_what_it_needs() -> None:
    needs = all_needs({"c": {"a"}, "b": set(), "a": set(), "d": {"b", "c"}, "e": {"b"}})
    assert upstream({"d", "c"}, needs) == ["b", "a"]
    assert upstream({"d"}, needs) == ["b", "a", "c"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the clone whose two models were trained by `make repro JOBS=2`, to read only."""
    return pipeline.tiny(tmp_path_factory)


def test_threads_are_in_the_settings_and_in_what_is_recorded_of_the_machine(tiny: Project) -> None:
    threads = max(1, (os.cpu_count() or 1) // 2)
    assert tiny.read_params()["train"]["threads"] == threads
    for name in pipeline.TINY_MODELS:
        settings = json.loads((tiny.folder / f"models/{name}.json").read_text())
        time = json.loads((tiny.folder / f"metrics/time/{name}.json").read_text())
        assert settings["threads"] == time["machine"]["threads"] == threads


def test_make_repro_prints_the_labelled_lines_and_then_the_comparison(tiny: Project) -> None:
    printed = (tiny.folder.parent / "printed").read_text()
    for name in pipeline.TINY_MODELS:
        assert any("epoch 1/1" in line for line in lines_of(name, printed))
        assert any(f"{name}: accuracy" in line for line in lines_of(name, printed))
    assert printed.endswith("\n" + (tiny.folder / "metrics/comparison.md").read_text())


def test_models_trained_side_by_side_are_those_of_the_plain_command(
    tiny: Project, tmp_path: Path
) -> None:
    copy = tiny.copy(tmp_path / "project")
    trainings = [f"train@{name}" for name in pipeline.TINY_MODELS]
    before = copy.hashes()
    assert copy.run("repro", "--force", "--single-item", *trainings).ran == set(trainings)
    after = copy.hashes()
    times = {f"metrics/time/{name}.json" for name in pipeline.TINY_MODELS}
    assert {path for path in before if after[path] != before[path]} == times
    # Their scores need no second look.
    assert copy.run("repro").ran == {"compare"}


def test_with_nothing_to_do_make_says_so_whatever_jobs_are_asked_for(tiny: Project) -> None:
    printed = tiny.output("make", "repro", "JOBS=2")
    comparison = (tiny.folder / "metrics/comparison.md").read_text()
    assert printed == f"Everything is up to date.\n\n{comparison}"
