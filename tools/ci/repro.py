"""Run what changed, in a clone that may hold no data: ``python -m tools.ci.repro``.

`dvc repro --allow-missing` runs what changed and leaves all else to dvc.lock and Git. It stops
where a stage has to run and an input of it is nowhere to be had; here the stages that write this
input are run, and then the rest.
"""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import plan_repro

from stages.common.command import run
from tools.store import told


def main() -> None:
    """Bring the pipeline's results up to date."""
    # Whatever DVC's cache holds is put into its place at once.
    dvc("checkout", "--quiet", "--allow-missing")
    pull = []
    if name := answering_remote():
        pull = ["--pull"]
        # Unless told, DVC takes a read-only file in a folder for undamaged.
        dvc("remote", "modify", "--local", name, "verify", "true")
    while not dvc("repro", "--allow-missing", *pull):
        writers = writers_of_missing_inputs()
        if writers:
            print(f"An input is missing: first {', '.join(writers)}", flush=True)
        if not writers or not dvc("repro", *pull, *writers):
            sys.exit(1)  # DVC has said why.


def dvc(*words: str) -> bool:
    """Run ``dvc`` with these *words*; tell whether it succeeds."""
    return subprocess.run(["dvc", *words], check=False).returncode == 0


def answering_remote() -> str | None:
    """Return the name of DVC's remote if it can be read; print why if there is one that cannot.

    A pull request from a fork has the remote's URL, if Git keeps it, but no access.
    """
    with Repo() as repo:
        name: str | None = repo.config["core"].get("remote")
        if name:
            try:
                remote = repo.cloud.get_remote()
                if remote.fs.exists(remote.path):
                    return name
            except Exception as error:  # each kind of storage has its own errors
                reason = told(error)
                print(f"DVC's remote does not answer, going on without it: {reason}", flush=True)
    return None


def writers_of_missing_inputs() -> list[str]:
    """Return the stages to run before the one that DVC stopped at, the first that has changed.

    None if it has all of its inputs and so failed by itself.
    """
    with suppress(DvcException), Repo() as repo, lock_repo(repo):
        graph = repo.index.graph
        for stage in plan_repro(graph):
            before = list(graph.successors(stage))
            if stage.changed(allow_missing=True, upstream=before):
                missing = [dep for dep in stage.deps if not dep.exists]
                return [
                    one.addressing
                    for one in before
                    if any(overlap(out, dep) for out in one.outs for dep in missing)
                ]
    return []


def overlap(out: Output, dep: Output) -> bool:
    """Tell whether one of both is the other, or in it."""
    ours, theirs = Path(out.fs_path), Path(dep.fs_path)
    return ours.is_relative_to(theirs) or theirs.is_relative_to(ours)


if __name__ == "__main__":
    run(main)
