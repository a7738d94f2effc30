"""Get from the default remote what is missing here: ``python -m tools.pull``.

`make repro` does this before `dvc repro`, which then computes only what the remote does not have.
DVC's own `dvc repro --pull` stops where the remote cannot be reached.
"""

import sys
from contextlib import suppress
from pathlib import Path

from dvc.exceptions import DownloadError, DvcException
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import plan_repro
from dvc.stage import Stage

from stages import params
from stages.common.errors import StageError
from stages.configure.recipes import resolve
from tools.store import told, without_secrets, without_warnings


def main() -> None:
    """Get what there is, say what there is not; fail for nothing that computing would mend."""
    try:
        # DVC stops at a model named by a number, in words that help nobody.
        resolve(params.read(), {})
        check_path()
        with Repo() as repo, lock_repo(repo), without_warnings():
            if repo.config["core"].get("remote"):
                pull(repo)
    except DvcException:
        # A broken dvc.yaml, another process at work: `dvc repro` is next and says it.
        return
    except StageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def check_path() -> None:
    """Check that there is something at ``data.path``; DVC would not name the key.

    Raises:
        StageError: there is nothing, or only for a shell.
    """
    path = params.read_data().path
    if path is not None and not Path(path).exists():
        raise StageError(
            f"{params.PATH}: data.path: {path!r} is not there; "
            "give a path from the project's folder, or a whole one without ~"
        )


def pull(repo: Repo) -> None:
    """Get the outputs that `dvc repro` would compute though nothing they depend on changed."""
    stages = incomplete_stages(repo)
    if not stages:
        return
    name = repo.config["core"]["remote"]
    # Unless told, DVC takes a read-only file in a folder for undamaged.
    repo.config["remote"].get(name, {})["verify"] = True
    wanted = [out for stage in stages for out in stage.outs if is_missing(out)]
    try:
        remote = repo.cloud.get_remote()
        place = f"the remote '{name}' ({without_secrets(repo.config['remote'][name]['url'])})"
        print(f"Missing outputs: {len(wanted)}; looking in {place}.", flush=True)
        if not remote.fs.exists(remote.path):
            print(f"There is nothing at {place}: it is computed here.")
            return
        get(repo, [stage.addressing for stage in stages])
    # Each kind of remote has errors of its own.
    except Exception as error:
        print(
            f"The remote '{name}' cannot be used: {told(error)}. What is missing is computed here."
        )
        return
    lacking = [str(out) for out in wanted if is_missing(out)]
    print(f"Found there: {len(wanted) - len(lacking)}.")
    if lacking:
        print(f"Not to be had, so computed here: {', '.join(lacking)}.")


def incomplete_stages(repo: Repo) -> list[Stage]:
    """Return the stages that would run for no other reason than that outputs are missing."""
    graph = repo.index.graph
    return [
        stage
        for stage in plan_repro(graph)
        if any(map(is_missing, stage.outs))
        and not stage.changed_stage()
        and not stage.changed_deps(allow_missing=True, upstream=list(graph.successors(stage)))
        and not any("modified" in out.workspace_status().values() for out in stage.outs)
    ]


def is_missing(out: Output) -> bool:
    """Return whether an output is not in the working tree or, where DVC keeps it, not in the cache.

    Unlike DVC's own `status`, this asks no remote.
    """
    if not out.hash_info:
        return False
    return not out.exists or (out.use_cache and not out.cache.exists(out.hash_info.value))


def get(repo: Repo, stages: list[str]) -> None:
    """Fetch the outputs of *stages* and put those that are complete into the working tree."""
    with suppress(DownloadError):
        repo.fetch(stages)
    repo.checkout(stages, allow_missing=True)


if __name__ == "__main__":
    main()
