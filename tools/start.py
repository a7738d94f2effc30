"""What `make repro` looks at before DVC does: ``python -m tools.start``."""

import re

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
    # What put HEAD there is the last entry that is no commit.
    log = git("reflog", "--format=%gs").splitlines()
    last = next((line for line in log if not line.startswith("commit")), "")
    moved = re.fullmatch(rf"checkout: moving from (.+) to {started}", last)
    if not moved or not git("rev-parse", "--verify", "--quiet", f"refs/heads/{moved[1]}"):
        return
    print(
        "note: HEAD is on no branch, since `dvc exp run` was killed or still runs; "
        f"if it was killed, `git switch {moved[1]}` goes back and keeps every change",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
