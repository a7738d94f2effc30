"""Train models side by side: ``python -m tools.parallel.repro JOBS STAGE``.

DVC runs one stage after the other (https://github.com/treeverse/dvc/issues/755), but lets several
processes work on one pipeline: its lock is free while a stage's command runs. So this runs what
the stages ``STAGE@...`` need, then JOBS of them at once, each in a ``dvc repro`` of its own and
followed by what needs that one alone, then the rest.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain

from stages.common.command import run
from stages.common.errors import StageError
from tools.parallel import threads
from tools.parallel.graph import Graph, all_needs, chains, from_dot, upstream
from tools.parallel.processes import Command, Ended, run_all

FAILED_STAGE = re.compile(r"failed to reproduce '(.+?)'")


def main(jobs: str, stage: str) -> None:
    """Run what changed, *jobs* of the stages that come from the block *stage* at once."""
    at_once = number_of_jobs(jobs)
    if at_once > 1:
        needs = all_needs(from_dot(output("dvc", "dag", "--dot")))
        trainings = [name for name in needs if name.startswith(f"{stage}@")]
        if not trainings:
            raise StageError(f"dvc.yaml: stages: no block {stage!r} with `foreach`")
        train(trainings, needs, at_once)
    run_alone()


def train(trainings: Sequence[str], needs: Graph, at_once: int) -> None:
    """Run what the *trainings* need and, if more than one has work to do, them side by side.

    *needs* names for each stage all that it needs.

    Raises:
        StageError: a stage failed; the others have been run all the same.
    """
    followed = chains(trainings, needs)
    members = set(chain(*followed.values()))
    before = upstream(members, needs)
    run_in_order(before)

    changed = changed_stages(members)
    if len(changed & set(trainings)) > 1 and threads.share(min(at_once, len(trainings))):
        # They all have new settings now.
        changed = members
        run_in_order(before)
    waiting = [stages for stages in followed.values() if changed & set(stages)]
    if len(waiting) > 1:
        run_side_by_side(waiting, at_once)


def number_of_jobs(text: str) -> int:
    """Return the number of jobs that *text* says.

    Raises:
        StageError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise StageError(f"JOBS: should be a whole number, 1 or more, got {text!r}")
    return int(text)


def changed_stages(names: set[str]) -> set[str]:
    """Return those of the stages that ``dvc status`` finds changed."""
    return set(json.loads(output("dvc", "status", "--json", *sorted(names))))


def run_in_order(stages: Sequence[str]) -> None:
    """Run these stages and no other; each stands behind those it needs."""
    if stages:
        run_alone("--single-item", *stages)


def run_alone(*words: str) -> None:
    """Run ``dvc repro``; if it fails, exit with its code: it has said why."""
    (ended,) = run_all([Command(["dvc", "repro", *words])])
    if ended.code != 0:
        sys.exit(max(ended.code, 1))


def run_side_by_side(waiting: Sequence[Sequence[str]], at_once: int) -> None:
    """Run each list of stages in a ``dvc repro`` of its own, *at_once* of them at a time.

    What the stages need is up to date, so DVC need not look at it: ``--single-item``.

    Raises:
        StageError: some stage failed; the message names it.
    """
    repro = ["dvc", "--wait-for-lock", "repro", "--single-item"]
    labels = [stages[0].partition("@")[2] for stages in waiting]
    width = max(map(len, labels))
    ended = run_all(
        [
            Command([*repro, *stages], label.ljust(width))
            for stages, label in zip(waiting, labels, strict=True)
        ],
        at_once,
    )
    failed = [
        failed_stage(how, stages)
        for how, stages in zip(ended, waiting, strict=True)
        if how.code != 0
    ]
    if failed:
        rest = "; the others are done" if len(failed) < len(waiting) else ""
        raise StageError(f"{', '.join(failed)}: failed, see above{rest}")


def failed_stage(ended: Ended, stages: Sequence[str]) -> str:
    """Return which of the *stages* failed: the one that DVC names, or else the first."""
    named = [found[1] for line in ended.lines if (found := FAILED_STAGE.search(line))]
    return named[-1] if named else stages[0]


def output(*command: str) -> str:
    """Return what a command prints; if it fails, exit: it has said why on standard error."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: `{' '.join(command)}` failed")
    return done.stdout


if __name__ == "__main__":
    run(main)
