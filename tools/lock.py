"""Check that dvc.lock fits the code, the parameters and the metrics: ``python -m tools.lock``.

It needs no data. `dvc repro --dry --allow-missing` does the same, but fails with an error that
misleads if a stage has changed whose data is missing.
"""

from dvc.repo.reproduce import plan_repro

from stages.common.command import run
from stages.common.errors import StageError, some
from tools.store import check_readable, dvc_errors, missing, opened


def main() -> None:
    """Fail with the names of the stages that do not fit."""
    check_readable()
    with dvc_errors(), opened() as repo:
        graph = repo.index.graph
        changed = [
            stage.addressing
            for stage in plan_repro(graph)
            if stage.changed(allow_missing=True, upstream=list(graph.successors(stage)))
        ]
        # Without the images that `dvc add` keeps, what fetch reads looks changed.
        if missing([stage for stage in repo.index.stages if stage.is_data_source]):
            changed = [name for name in changed if name != "fetch"]
    if changed:
        raise StageError(
            f"dvc.lock is not up to date for {some(changed)}: run `dvc repro`, "
            "then commit dvc.lock and metrics/"
        )


if __name__ == "__main__":
    run(main)
