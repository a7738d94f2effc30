"""Run what changed, in a clone that may have no data: ``python -m tools.ci.repro``.

`dvc repro --allow-missing` runs what changed and trusts dvc.lock and Git for the rest. It stops if
a stage has to run and one of its inputs cannot be found; this first runs the stages that write that
input.
"""

import logging
import sys
from contextlib import suppress
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo.reproduce import plan_repro
from dvc.stage import Stage
from dvc.stage.cache import RunCacheNotSupported

from stages.common.command import run
from tools.store import get, incomplete_stages, opened


def main() -> None:
    """Bring the pipeline's results up to date."""
    dvc = logging.getLogger("dvc")
    try:
        with opened() as repo:
            readable = get(repo, incomplete_stages(repo))
            if readable:
                with suppress(RunCacheNotSupported):
                    repo.stage_cache.pull(None)
            # DVC then prints the stages that it runs.
            dvc.setLevel(logging.INFO)
            graph = repo.index.graph
            for stage in plan_repro(graph):
                if not update(stage, graph, pull=readable):
                    print(f"Stage '{stage.addressing}' didn't change, skipping", flush=True)
            # Until now they looked changed, for want of metrics that Git lacked.
            if readable and (late := incomplete_stages(repo)):
                get(repo, late)
    except DvcException:
        dvc.exception("")
        sys.exit(1)


def update(stage: Stage, graph: Any, pull: bool, allow_missing: bool = True) -> bool:
    """Run *stage* if it has changed, after the stages that write its missing inputs.

    With *allow_missing*, its own outputs may be missing; with *pull*, results of earlier runs come
    from the remote. Return whether it has changed.
    """
    before = list(graph.successors(stage))
    # Nobody has what Git does not keep here; DVC would wait for it to be pulled.
    lacking = any(not out.exists for out in stage.outs if not out.use_cache)
    if not (lacking or stage.changed(allow_missing, before)):
        return False
    for dep in stage.deps:
        for writer in before:
            if not dep.exists and any(dep.fs.overlaps(o.fs_path, dep.fs_path) for o in writer.outs):
                update(writer, graph, pull, allow_missing=False)
    stage.run(pull=pull)
    stage.dump(update_pipeline=False)
    return True


if __name__ == "__main__":
    run(main)
