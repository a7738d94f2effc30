"""Experiments as Git keeps them, in this repository or another one."""

from pathlib import Path

from tools.sweep.work import patiently, run

# What a sweep notes down, beside DVC's own such files, which Git ignores.
STATE = Path(".dvc/tmp/sweep")
TRIALS = "trials.csv"


def revisions(git: str | None = None) -> dict[str, str]:
    """Return the reference of every experiment by its name, here or in the repository *git*."""
    listed = run(["git", "ls-remote", git or ".", "refs/exps/*"]).splitlines()
    found = [line.split("\t")[1] for line in listed]
    # Those are DVC's own, of what it runs at the moment.
    passing = "refs/exps/exec/"
    return {one.rsplit("/", 1)[-1]: one for one in found if not one.startswith(passing)}


def fetch(reference: str, git: str) -> None:
    """Get the experiment that has this *reference* from the repository *git*.

    One of the same name that is here already gives way to it.

    Raises:
        Unreachable: it does not answer.
    """
    words = ("git", "fetch", "--quiet", "--no-tags", git, f"+{reference}:{reference}")
    patiently(lambda: run(words))
