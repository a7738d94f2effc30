"""Experiments as Git keeps them, in this repository or another one."""

import json
import subprocess
from pathlib import Path
from typing import Any

from stages.common.errors import StageError, one_line
from tools.sweep.work import Unreachable, patiently, run

# What a sweep notes down, beside DVC's own such files, which Git ignores.
STATE = Path(".dvc/tmp/sweep")
TRIALS = "trials.csv"
# DVC's own, of what it runs at the moment.
PASSING = "refs/exps/exec/"


def revisions(git: str | None = None) -> dict[str, str]:
    """Return the reference of every experiment by its name, here or in the repository *git*."""
    listed = run(["git", "ls-remote", git or ".", "refs/exps/*"]).splitlines()
    found = [line.split("\t")[1] for line in listed]
    return {one.rsplit("/", 1)[-1]: one for one in found if not one.startswith(PASSING)}


def fetch(reference: str, git: str) -> None:
    """Get the experiment that has this *reference* from the repository *git*.

    One of the same name that is here already gives way to it.

    Raises:
        StageError: it does not answer.
    """
    words = ("git", "fetch", "--quiet", "--no-tags", git, f"+{reference}:{reference}")
    try:
        patiently(lambda: run(words))
    except Unreachable as error:
        raise StageError(f"{git}: {one_line(error)}; the same command again goes on") from None


def content(revision: str, path: str) -> Any:
    """Return the content of a JSON file as Git's *revision* has it."""
    return json.loads(subprocess.check_output(["git", "show", f"{revision}:{path}"]))
