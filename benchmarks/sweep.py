"""What a sweep costs beside its trainings.

    python -m benchmarks.sweep                      # 64 trials of a second on 8 workers
    python -m benchmarks.sweep --experiments 300    # one real trial among 300 experiments

The last line of its output is one line of JSON.
"""

import argparse
import hashlib
import json
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
import yaml

from tools.sweep import work
from tools.sweep.driver import Pieces, Trial, follow
from tools.sweep.work import Outcome, Source

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 8
TRIALS = 64
TRIAL_SECONDS = 1.0
RUNS = 3
OVERRIDES = ["train.recipe=fast"]


def stubs() -> dict[str, Any]:
    """Return how long trials that only wait take, handed out as a sweep hands them out."""

    def at_once(*_: object) -> Outcome:
        return Outcome()

    def waiting(*_: object) -> Outcome:
        time.sleep(TRIAL_SECONDS)
        return Outcome()

    ray.init("local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    # Start-up: a process for each worker.
    pause = ray.remote(num_cpus=1)(lambda: time.sleep(TRIAL_SECONDS))
    ray.get([pause.remote() for _ in range(2 * WORKERS)])
    vars(work).update(compute=at_once, experiment=waiting)
    started = time.perf_counter()
    trials = iter([Trial([f"train.seed={seed}"], f"stub-{seed}", []) for seed in range(TRIALS)])
    pieces = Pieces(Source("", "", "", ""), 1)
    ended = list(follow(pieces, lambda: next(trials, None), lambda: 2 * WORKERS, lambda _: None))
    seconds = time.perf_counter() - started
    if len(ended) != TRIALS or any(trial.failed for trial in ended):
        sys.exit("error: a stub failed")
    return {
        "workers": WORKERS,
        "trials": TRIALS,
        "trial_seconds": TRIAL_SECONDS,
        "seconds": seconds,
    }


def among(count: int) -> dict[str, Any]:
    """Return what a trial takes whose results are in the remote, and a listing, among *count*."""
    with tempfile.TemporaryDirectory() as temporary:
        project, store = Path(temporary) / "project", Path(temporary) / "store"
        # As on a node of a cluster, whose cache is its own.
        os.environ["XDG_CACHE_HOME"] = temporary
        output("git", "clone", "--quiet", str(ROOT), str(project))
        commit = output("git", "rev-parse", "HEAD").strip()
        source = Source(
            str(project), commit, "Bench", "bench@localhost", remote={"url": str(store)}
        )
        trial(source, "first")
        copy_first(source, project, count - 1)
        copy_runs(store / "runs", count - 1)
        show = seconds(lambda: output("dvc", "exp", "show", "--json", folder=project))
        runs = [seconds(partial(trial, source, f"run-{run}")) for run in range(RUNS)]
        return {"experiments": count, "trial_seconds": median(runs), "show_seconds": show}


def copy_first(source: Source, project: Path, count: int) -> None:
    """Add *count* experiments like the first trial's, each with a seed of its own."""
    first = source.reference("first")
    variables = {"GIT_INDEX_FILE": str(project / ".git/copies")}
    content = yaml.safe_load(output("git", "show", f"{first}:params.yaml", folder=project))
    output("git", "read-tree", first, folder=project, **variables)
    for number in range(1, count + 1):
        content["train"]["seed"] = number
        (project / "params.yaml").write_text(yaml.safe_dump(content))
        output("git", "add", "params.yaml", folder=project, **variables)
        tree = output("git", "write-tree", folder=project, **variables).strip()
        words = ("git", "commit-tree", tree, "-p", source.commit, "-m", "a copy")
        commit = output(*words, folder=project).strip()
        output("git", "update-ref", source.reference(f"copy-{number}"), commit, folder=project)
    output("git", "checkout", "--quiet", "params.yaml", folder=project)


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
    outcome = work.experiment(source, OVERRIDES, name)
    if outcome.lines:
        sys.exit("\n".join(outcome.lines))


def seconds(act: Callable[[], object]) -> float:
    """Return how long *act* takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def output(*command: str, folder: Path = ROOT, **variables: str) -> str:
    """Return what a command prints; it must succeed."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Measure what a sweep costs.")
    parser.add_argument("--experiments", type=int, help="measure a real trial among so many")
    options = parser.parse_args()
    print(json.dumps(among(options.experiments) if options.experiments else stubs()))


if __name__ == "__main__":
    main()
