"""Get missing outputs from the default remote: ``python -m tools.pull``.

`make repro` does this before `dvc repro`, which then computes only what the remote does not have.
DVC's own `dvc repro --pull` stops if the remote cannot be reached.
"""

from contextlib import suppress

from dvc.exceptions import DvcException

from stages import params
from stages.common.command import run
from stages.configure.recipes import resolve
from tools.store import get, incomplete_stages, missing, opened


def main() -> None:
    """Get what the remote has, and print what it lacks; fail only if computing cannot help."""
    # DVC stops at a model named by a number, with a message that helps nobody.
    resolve(params.read(), {})
    # `dvc repro`, which is next, reports a broken dvc.yaml or another running process.
    with suppress(DvcException), opened() as repo:
        remote = repo.config["core"].get("remote")
        # Without the user's images, what is made of them looks out of date.
        images = [stage for stage in repo.index.stages if stage.is_data_source]
        if missing(images) and remote:
            get(repo, images)
        stages = incomplete_stages(repo)
        wanted = missing(stages)
        if wanted and remote and get(repo, stages):
            lacking = [str(out) for out in missing(stages)]
            print(f"Found there: {len(wanted) - len(lacking)}.")
            if lacking:
                print(f"Not found, so computed here: {', '.join(lacking)}.")


if __name__ == "__main__":
    run(main)
