"""Experiments as Git keeps them, in this repository or another one."""

from pathlib import Path

from tools.sweep.work import patiently, run

# A sweep's own notes, beside DVC's temporary files, which Git ignores.
STATE = Path(".dvc/tmp/sweep")
TRIALS = "trials.csv"


def revisions(git: str | None = None) -> dict[str, str]:
    """Return the reference of every experiment by its name, here or in the repository *git*."""
    listed = run(["git", "ls-remote", git or ".", "refs/exps/*"]).splitlines()
    found = [line.split("\t")[1] for line in listed]
    # DVC's own references, for what it is running.
    passing = "refs/exps/exec/"
    return {one.rsplit("/", 1)[-1]: one for one in found if not one.startswith(passing)}


def fetch(reference: str, git: str) -> None:
    """Get the experiment that has this *reference* from the repository *git*.

    It replaces one of the same name here.

    Raises:
        Unreachable: the repository does not answer.
    """
    words = ("git", "fetch", "--quiet", "--no-tags", git, f"+{reference}:{reference}")
    patiently(lambda: run(words))
