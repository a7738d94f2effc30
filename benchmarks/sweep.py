"""What a sweep costs beside its trainings."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import ray
from dvc.utils.hydra import apply_overrides

from tools.sweep import work
from tools.sweep.driver import Pieces, Trial, follow
from tools.sweep.work import Outcome, Source

WORKERS = 8
TRIALS = 64
TRIAL_SECONDS = 1.0
RUNS = 3


def measure(experiments: str = "") -> dict[str, Any]:
    """Measure a real trial among so many *experiments*, or else many trials that only wait."""
    return among(int(experiments)) if experiments else stubs()


def stubs() -> dict[str, Any]:
    """Return how long trials that only wait take, handed out as a sweep hands them out."""

    def waiting(*_: object) -> Outcome:
        time.sleep(TRIAL_SECONDS)
        return Outcome()

    ray.init("local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    # Start-up: a process for each worker.
    pause = ray.remote(num_cpus=1)(waiting)
    ray.get([pause.remote() for _ in range(2 * WORKERS)])
    vars(work).update(compute=lambda *_: Outcome(), experiment=waiting)
    trials = iter([Trial([f"train.seed={seed}"], f"stub-{seed}", []) for seed in range(TRIALS)])
    pieces = Pieces(Source("", "", "", ""), 1)
    started = time.perf_counter()
    ended = list(follow(pieces, lambda: next(trials, None), lambda: 2 * WORKERS, lambda _: None))
    lasted = time.perf_counter() - started
    if len(ended) != TRIALS or any(trial.failed for trial in ended):
        sys.exit("error: a stub failed")
    return {"workers": WORKERS, "trials": TRIALS, "trial_seconds": TRIAL_SECONDS, "seconds": lasted}


def among(count: int) -> dict[str, Any]:
    """Return what a trial takes whose results are in the remote, and a listing, among *count*."""
    with tempfile.TemporaryDirectory() as temporary:
        project, store = Path(temporary) / "project", Path(temporary) / "store"
        # As on a node of a cluster, whose cache is its own.
        os.environ["XDG_CACHE_HOME"] = temporary
        output("git", "clone", "--quiet", ".", str(project))
        commit = output("git", "rev-parse", "HEAD")
        remote = {"url": str(store)}
        source = Source(str(project), commit, "Bench", "bench@localhost", remote=remote)
        trial(source, "first")
        copy_first(source, project, count - 1)
        copy_runs(store / "runs", count - 1)
        show = seconds(lambda: output("dvc", "exp", "show", "--json", folder=project))
        runs = [seconds(partial(trial, source, f"run-{run}")) for run in range(RUNS)]
        return {"experiments": count, "trial_seconds": median(runs), "show_seconds": show}


def copy_first(source: Source, project: Path, count: int) -> None:
    """Add *count* experiments like the first trial's, each with a seed of its own."""
    output("git", "checkout", "--quiet", source.reference("first"), folder=project)
    author = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost")
    for number in range(1, count + 1):
        apply_overrides(project / "params.yaml", [f"train.seed={number}"])
        words = ("commit", "--quiet", "--all", "--amend", "--no-edit", "--no-verify")
        output("git", *author, *words, folder=project)
        output("git", "update-ref", source.reference(f"copy-{number}"), "HEAD", folder=project)
    output("git", "checkout", "--quiet", "-", folder=project)


def copy_runs(runs: Path, count: int) -> None:
    """Add to the run-cache *runs* what *count* trials more would have left there."""
    for entry in [path for path in runs.glob("*/*/*") if path.is_file()]:
        for number in range(count):
            key = hashlib.sha256(f"{entry} {number}".encode()).hexdigest()
            copy = runs / key[:2] / key / entry.name
            copy.parent.mkdir(parents=True)
            shutil.copy(entry, copy)


def trial(source: Source, name: str) -> None:
    """Run an experiment as a sweep does."""
    outcome = work.experiment(source, ["train.recipe=fast"], name)
    if outcome.lines:
        sys.exit("\n".join(outcome.lines))


def seconds(act: Callable[[], object]) -> float:
    """Return how long *act* takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def output(*command: str, folder: Path = Path()) -> str:
    """Return what a command prints; it must succeed."""
    return subprocess.run(
        command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
