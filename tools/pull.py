"""Get from the default remote what is missing here: ``python -m tools.pull``.

`make repro` does this before `dvc repro`, which then computes only what the remote does not have.
DVC's own `dvc repro --pull` stops where the remote cannot be reached.
"""

from contextlib import suppress
from pathlib import Path

from dvc.exceptions import DvcException

from stages import params
from stages.common.command import run
from stages.common.errors import StageError
from stages.configure.recipes import resolve
from tools.store import get, incomplete_stages, missing, opened


def main() -> None:
    """Get what there is, say what there is not; fail only for what computing cannot put right.

    Raises:
        StageError: a setting is wrong in a way that DVC has no clear words for.
    """
    # DVC stops at a model named by a number, in words that help nobody.
    resolve(params.read(), {})
    path = params.read_data().path
    if path is not None and not Path(path).exists():
        raise StageError(
            f"{params.PATH}: data.path: {path!r} is not there; "
            "give a path from the project's folder, or a whole one without ~"
        )
    # Of a broken dvc.yaml, or another process at work, `dvc repro` tells next.
    with suppress(DvcException), opened() as repo:
        stages = incomplete_stages(repo)
        wanted = missing(stages)
        if wanted and repo.config["core"].get("remote") and get(repo, stages):
            lacking = [str(out) for out in missing(stages)]
            print(f"Found there: {len(wanted) - len(lacking)}.")
            if lacking:
                print(f"Not to be had, so computed here: {', '.join(lacking)}.")


if __name__ == "__main__":
    run(main)
