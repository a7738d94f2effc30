"""Run many experiments, on this machine or on several.

    python -m tools.sweep --set "train.seed=range(0,5) train.recipe=fast,accurate"
    python -m tools.sweep --set "train.recipe=fast split.validation_fraction=0.2" \
        --search "recipes.fast.learning_rate=log(0.001,0.03)" --trials 40

Each trial is an experiment of DVC's: `make experiments` lists it, `dvc exp apply` takes it. The same
command again goes on where it was stopped.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
import ray
from dvc.repo import Repo

from stages import params
from stages.common.errors import StageError, one_line
from tools.sweep import results
from tools.sweep.driver import Pieces, Trial, follow
from tools.sweep.progress import Progress
from tools.sweep.search import Search
from tools.sweep.settings import applied, grid, name_of, space
from tools.sweep.work import Outcome, Source

STATE = Path(".dvc/tmp/sweep")


def main(words: Sequence[str]) -> int:
    """Run the sweep that *words*, the command's arguments, ask for; return the exit code."""
    options = parser().parse_args(words)
    try:
        commit = ready_commit()
        fixed = grid(shlex.split(options.set))
        if options.cores:
            fixed = [[*overrides, f"train.threads={options.cores}"] for overrides in fixed]
        contents = [applied(overrides) for overrides in fixed]
        searched = space(shlex.split(options.search))
        if searched:
            check_search(fixed, contents[0], searched)
        source = source_of(options, commit)
        connect(options.address)
    except StageError as error:
        sys.exit(f"error: {error}")
    try:
        return sweep(options, source, fixed, searched)
    except KeyboardInterrupt:
        print("\ninterrupted: what is finished is kept; the same command again goes on")
        return 130
    finally:
        # Its workers end, and what they have started ends with them.
        ray.shutdown()


def parser() -> argparse.ArgumentParser:
    """Return what reads the command's arguments."""
    made = argparse.ArgumentParser("tools.sweep", description=str(__doc__).split("\n\n    ")[0])
    made.add_argument(
        "--set", default="", help="settings of every trial; several values make a grid"
    )
    made.add_argument("--search", default="", help="settings to search: key=log(from,to) ...")
    made.add_argument("--trials", type=int, default=20, help="how many a search tries (20)")
    made.add_argument("--address", help="a Ray cluster, such as ray://head:10001 (this machine)")
    made.add_argument("--cores", type=int, help="cores for one training; sets train.threads (all)")
    made.add_argument(
        "--remote", help="where nodes of a cluster share results (DVC's default remote)"
    )
    made.add_argument("--git", help="where nodes of a cluster find this repository (origin)")
    made.add_argument("--checkpoints", help="a folder that every node reaches")
    return made


def ready_commit() -> str:
    """Return the commit that all trials start from.

    Raises:
        StageError: Git does not know who commits, or there are changes that no trial would see.
    """
    if git("var", "GIT_COMMITTER_IDENT") is None:
        raise StageError("Git does not know who you are: set user.name and user.email")
    if git("status", "--porcelain"):
        raise StageError("uncommitted changes: no trial would see them; commit or stash them")
    return str(git("rev-parse", "HEAD"))


def git(*words: str) -> str | None:
    """Return what Git prints, or None if it fails."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def check_search(
    fixed: Sequence[Sequence[str]], content: Mapping[str, Any], searched: Mapping[str, Any]
) -> None:
    """Check that a search has one setting to start from, and validation images of its own.

    Raises:
        StageError: it has not, or params.yaml has no such key.
    """
    if len(fixed) > 1:
        raise StageError("SET: several values for one key; a search starts from one")
    if params.section(content, "split").get("validation_fraction") == 0:
        raise StageError(
            "split.validation_fraction is 0, so the search would choose by the test images; "
            "add split.validation_fraction=0.2 to SET"
        )
    for key in searched:
        applied([*fixed[0], f"{key}=0"])


def source_of(options: argparse.Namespace, commit: str) -> Source:
    """Return where nodes find the project, and where they leave what they compute.

    On this machine alone that is this repository and its DVC cache. On a cluster it is the Git
    remote and DVC's remote.

    Raises:
        StageError: a cluster has no remote to share by.
    """
    with Repo() as repo:
        cache = str(repo.cache.local.path)
        default = repo.config["core"].get("remote")
        remote = options.remote or (default and repo.config["remote"][default]["url"])
    here = str(Path.cwd())
    if not options.address:
        checkpoints = options.checkpoints or str(Path.cwd() / STATE / "checkpoints")
        return Source(here, commit, cache, checkpoints=checkpoints)
    address = options.git or git("remote", "get-url", "origin")
    if not remote or not address:
        raise StageError(
            "ADDRESS: nodes share by a Git remote and a DVC remote; "
            "set both up, or name them with --git and --remote"
        )
    return Source(address, commit, None, remote, options.checkpoints)


def connect(address: str | None) -> None:
    """Start Ray here, or join the cluster at *address*.

    Raises:
        StageError: nothing answers there.
    """
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address:
            ray.init(address, **quiet)
        else:
            ray.init(num_cpus=joblib.cpu_count(), include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise StageError(
            f"ADDRESS: {address}: no Ray cluster answers ({one_line(error)})"
        ) from None


def sweep(
    options: argparse.Namespace,
    source: Source,
    fixed: list[list[str]],
    searched: Mapping[str, Any],
) -> int:
    """Run all trials, print what came of them, and return the exit code."""
    models = list(params.section(params.read(), "models"))
    finished = results.revisions(source.git if options.address else None)
    trials: dict[str, Trial] = {}

    def made(overrides: list[str]) -> Trial:
        trial = Trial(overrides, name_of(source.commit, overrides))
        trial.outcome = Outcome() if trial.name in finished else None
        trials[trial.name] = trial
        return trial

    search = None
    if searched:
        name = name_of(source.commit, [*fixed[0], options.search])
        search = Search(STATE / f"{name}.journal", name, searched, options.trials)

    def next_trial() -> Trial | None:
        if search:
            proposed = search.ask()
            return made([*fixed[0], *proposed]) if proposed else None
        return made(fixed.pop(0)) if fixed else None

    progress = Progress(options.trials if search else len(fixed))
    capacity = int(ray.cluster_resources()["CPU"])
    cores = min(options.cores or capacity, capacity)
    # One more than there is room for, so that none waits for this process to hand it out.
    at_once = capacity // cores + 1
    for trial in follow(Pieces(source, cores), next_trial, at_once, progress.show):
        accuracy = None
        if not trial.failed:
            results.bring(trial.name, source.git if options.address else None)
            accuracy = results.validation_accuracy(trial.name, models)
        progress.ended(trial, accuracy)
        if search:
            search.tell(trial.overrides, accuracy)
    print(progress.line(0))
    results.write(STATE, trials.values(), models, search)
    return int(any(trial.failed for trial in trials.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
