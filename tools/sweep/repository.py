"""Experiments as Git keeps them, in this repository or another one."""

import json
import subprocess
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from stages.common.errors import StageError, one_line
from tools.sweep.work import Unreachable, patiently, run

# What a sweep notes down, beside DVC's own such files, which Git ignores.
STATE = Path(".dvc/tmp/sweep")
TRIALS = "trials.csv"
EXPERIMENTS = "refs/exps"
# DVC's own, of what it runs at the moment.
PASSING = "refs/exps/exec/"


def revisions(git: str | None = None) -> dict[str, str]:
    """Return the reference of every experiment by its name, here or in the repository *git*."""
    listed = run(["git", "ls-remote", git or ".", f"{EXPERIMENTS}/*"]).splitlines()
    found = [line.split("\t")[1] for line in listed]
    return {
        reference.rsplit("/", maxsplit=1)[-1]: reference
        for reference in found
        if not reference.startswith(PASSING)
    }


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


def shown(revision: str, paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return the content of JSON files as Git's *revision* has them; of none, nothing."""
    asked = "".join(f"{revision}:{path}\n" for path in paths).encode()
    reading = ["git", "cat-file", "--batch"]
    stream = BytesIO(subprocess.run(reading, input=asked, capture_output=True, check=True).stdout)
    found = []
    while header := stream.readline():
        # "<hash> blob <size>", or "<what was asked for> missing".
        size = header.rsplit(maxsplit=1)[1]
        found.append({} if size == b"missing" else json.loads(stream.read(int(size) + 1)))
    return found
