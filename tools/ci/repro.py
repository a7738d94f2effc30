"""Run what changed, in a clone that may hold no data: ``python -m tools.ci.repro``.

`dvc repro --pull --allow-missing` runs what changed and leaves all else to dvc.lock, Git, DVC's
cache and its remote. It stops where a stage has to run and none of these holds an input of it; here
the stages that write this input are run, and then the rest.
"""

import json
import re
import subprocess

import yaml
from dvc.config import NoRemoteError
from dvc.repo import Repo

from stages.common.command import run
from stages.common.errors import StageError
from tools.ci import last_run

# How DVC's lines about a stage end, and what became of the stage.
OUTCOMES = {
    ":": last_run.RAN,
    " is cached": last_run.CACHED,
    " didn't change": last_run.UNCHANGED,
}
STAGE = re.compile(r"(?:Running stage|Stage) '(\S+)'(:| is cached| didn't change)")
FAILED = re.compile(r"failed to reproduce '(\S+)'")


def main() -> None:
    """Bring the pipeline's results up to date and keep which stages ran."""
    pull = ["--pull"] if remote_answers() else []
    if not pull:
        # Nothing to pull from, so whatever DVC's cache holds is put into its place at once.
        subprocess.run(["dvc", "checkout", "--quiet", "--allow-missing"], check=False)
    outcomes: dict[str, str] = {}
    tried: set[str] = set()
    while failed := repro([*pull, "--allow-missing"], outcomes):
        if writers := writers_of_missing_inputs(failed) - tried:
            tried |= writers
            print(f"{failed} lacks an input: first {', '.join(sorted(writers))}", flush=True)
            failed = repro([*pull, *sorted(writers)], outcomes)
        if failed:
            raise StageError(f"stage {failed} failed: DVC says why above")
    last_run.write(outcomes)


def remote_answers() -> bool:
    """Tell whether there is a DVC remote that can be read; print why if there is one that cannot.

    A pull request from a fork has the remote's URL, if Git keeps it, but no access.
    """
    with Repo() as repo:
        try:
            remote = repo.cloud.get_remote()
            remote.fs.exists(remote.path)
        except NoRemoteError:
            return False
        except Exception as error:  # each kind of storage has its own errors
            print(f"DVC's remote does not answer, going on without it: {error}", flush=True)
            return False
    return True


def repro(arguments: list[str], outcomes: dict[str, str]) -> str | None:
    """Run ``dvc repro``; return the stage it failed at, if any.

    Passes on what it prints, and notes what became of each stage in *outcomes*.

    Raises:
        StageError: it failed before the first stage.
    """
    failed = None
    with subprocess.Popen(
        ["dvc", "repro", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if match := STAGE.match(line):
                note(outcomes, match[1], OUTCOMES[match[2]])
            elif match := FAILED.search(line):
                failed = match[1]
    if process.returncode != 0 and not failed:
        raise StageError("`dvc repro` failed: it says why above")
    return failed


def note(outcomes: dict[str, str], stage: str, outcome: str) -> None:
    """Note what became of a *stage*; one that ran before and is looked at again did run."""
    if outcome != last_run.UNCHANGED or stage not in outcomes:
        outcomes[stage] = outcome


def writers_of_missing_inputs(stage: str) -> set[str]:
    """Return the stages that write what *stage* reads and is not there."""
    printed = subprocess.run(
        ["dvc", "status", "--json", stage], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    missing = {
        path
        for entry in json.loads(printed).get(stage, [])
        if isinstance(entry, dict)
        for path, state in entry.get("changed deps", {}).items()
        if state == "deleted"
    }
    lock = yaml.safe_load(last_run.LOCK.read_text(encoding="utf-8"))["stages"]
    return {
        name
        for name, entry in lock.items()
        if any(out["path"] in missing for out in entry.get("outs", []))
    }


if __name__ == "__main__":
    run(main)
