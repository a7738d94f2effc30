"""What `make repro` looks at before DVC does: ``python -m tools.start``."""

from stages.common.command import run
from stages.fetch import own
from tools.store import git


def main() -> None:
    """Say where HEAD belongs, and stop at images that DVC would not see as they are."""
    tell_of_detached_head()
    own.check()


def tell_of_detached_head() -> None:
    """Print a line if an experiment has left Git's HEAD on no branch.

    DVC detaches HEAD while `dvc exp run` works in the checkout, and puts it back at the end.
    """
    started = git("rev-parse", "--verify", "--quiet", "refs/exps/exec/EXEC_BASELINE")
    if git("symbolic-ref", "--quiet", "HEAD") or not started:
        return
    before = (git("rev-parse", "--symbolic-full-name", f"@{{-{n}}}") for n in range(1, 10))
    branches = [name.removeprefix("refs/heads/") for name in before if name.startswith("refs/he")]
    # Else HEAD is where the user has put it.
    if not branches or git("merge-base", started, "HEAD") != started:
        return
    print(
        "note: HEAD is on no branch, since `dvc exp run` was killed or still runs; "
        f"if it was killed, `git switch {branches[0]}` goes back and keeps every change",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
