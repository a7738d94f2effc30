"""The cost of a sweep beyond its trainings."""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from timeit import timeit
from typing import Any

import ray
from dvc.utils.hydra import apply_overrides

from tools.sweep import work
from tools.sweep.driver import Pieces, Trial, follow
from tools.sweep.work import Source

WORKERS = 8
TRIALS = 64
TRIAL_SECONDS = 1.0
RUNS = 3


def stubs() -> dict[str, Any]:
    """Return the time of trials that only wait, scheduled as in a sweep."""

    def waiting(*_: object) -> None:
        time.sleep(TRIAL_SECONDS)

    ray.init("local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    # Start-up: a process for each worker.
    pause = ray.remote(num_cpus=1)(waiting)
    ray.get([pause.remote() for _ in range(2 * WORKERS)])
    vars(work).update(compute=lambda *_: None, experiment=waiting)
    trials = iter([Trial([f"train.seed={seed}"], f"stub-{seed}", []) for seed in range(TRIALS)])
    pieces = Pieces(Source("", "", "", ""), 1)
    started = time.perf_counter()
    ended = list(follow(pieces, trials, lambda: 2 * WORKERS, lambda _: None))
    lasted = time.perf_counter() - started
    if len(ended) != TRIALS or any(trial.lines for trial in ended):
        sys.exit("error: a stub failed")
    return {"workers": WORKERS, "trials": TRIALS, "trial_seconds": TRIAL_SECONDS, "seconds": lasted}


def among(experiments: str) -> dict[str, Any]:
    """Return the times of a trial with results in the remote, and of a listing, among so many."""
    count = int(experiments)
    with tempfile.TemporaryDirectory() as temporary:
        project, store = Path(temporary) / "project", Path(temporary) / "store"
        # A node of a cluster has its own cache.
        os.environ["XDG_CACHE_HOME"] = temporary
        work.run(["git", "clone", "--quiet", ".", str(project)])
        commit = work.run(["git", "rev-parse", "HEAD"]).strip()
        remote = {"url": str(store)}
        source = Source(str(project), commit, "Bench", "bench@localhost", remote=remote)
        settings = ["train.recipe=fast"]
        work.experiment(source, settings, "first")
        # Experiments like the first, each with a seed of its own.
        git = ["git", "-c", f"user.name={source.name}", "-c", f"user.email={source.email}"]
        work.run([*git, "checkout", "--quiet", source.reference("first")], project)
        for number in range(1, count):
            apply_overrides(project / "params.yaml", [f"train.seed={number}"])
            work.run([*git, "commit", "--quiet", "--all", "--amend", "--no-edit"], project)
            work.run([*git, "update-ref", source.reference(f"copy-{number}"), "HEAD"], project)
        work.run([*git, "checkout", "--quiet", "-"], project)
        # What their trials would have left in the run-cache.
        for entry in [path for path in store.glob("runs/*/*/*") if path.is_file()]:
            for number in range(1, count):
                key = hashlib.sha256(f"{entry} {number}".encode()).hexdigest()
                copy = store / "runs" / key[:2] / key / entry.name
                copy.parent.mkdir(parents=True)
                shutil.copy(entry, copy)
        show = timeit(lambda: work.run(["dvc", "exp", "show", "--json"], project), number=1)
        again = [partial(work.experiment, source, settings, f"run-{run}") for run in range(RUNS)]
        runs = [timeit(run, number=1) for run in again]
        return {"experiments": count, "trial_seconds": median(runs), "show_seconds": show}
