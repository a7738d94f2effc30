"""Whether dvc.lock fits the code, the parameters and the metrics: ``python -m tools.check_lock``.

Works in a fresh clone, without data, models or cache: what only those could tell is left out.
"""

import json
import subprocess
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from tests import ROOT, declared
from tests.declared import Stage


def main() -> None:
    """Print what does not fit, a line each, and exit with 1 if anything does not."""
    problems = list(find_problems())
    if problems:
        advice = "run `dvc repro`, then commit dvc.lock and metrics/"
        sys.exit("\n".join([f"error: dvc.lock is not up to date; {advice}", *problems]))
    print("dvc.lock is up to date")


def find_problems() -> Iterator[str]:
    """Yield what does not fit, in one line each."""
    if not (ROOT / "dvc.lock").is_file():
        yield "dvc.lock: not there"
        return
    status = dvc_status()
    lock: dict[str, Any] = declared.read("dvc.lock")["stages"]
    stages = {stage.name: stage for stage in declared.stages()}
    yield from (f"{name}: in dvc.lock, not in dvc.yaml" for name in lock if name not in stages)
    yield from (f"{name}: in dvc.yaml, not in dvc.lock" for name in stages if name not in lock)
    in_cache = {path for stage in stages.values() for path, cached in stage.outs.items() if cached}
    in_git = set(_output("git", "ls-files", "-z").split("\0"))
    for name in [name for name in stages if name in lock]:
        yield from (f"{name}: {text}" for text in compare_lists(stages[name], lock[name]))
        yield from (f"{name}: {text}" for text in changes(status.get(name, []), in_cache))
        kept = stages[name].outs.keys() - in_cache
        yield from (f"{name}: {path} is not in Git" for path in sorted(kept - in_git))
    yield from inconsistent_hashes(lock)


def compare_lists(stage: Stage, locked: Mapping[str, Any]) -> Iterator[str]:
    """Yield what dvc.yaml names for a stage and dvc.lock does not, or the other way round.

    DVC takes no notice of a dependency or parameter that is no longer listed.
    """
    params = {key for keys in locked.get("params", {}).values() for key in keys}
    for kind, listed, recorded in (
        ("dependency", set(stage.deps), {dep["path"] for dep in locked.get("deps", [])}),
        ("output", set(stage.outs), {out["path"] for out in locked.get("outs", [])}),
        ("parameter", set(stage.params), params),
    ):
        yield from (
            f"{kind} {x} is in dvc.yaml, not in dvc.lock" for x in sorted(listed - recorded)
        )
        yield from (
            f"{kind} {x} is in dvc.lock, not in dvc.yaml" for x in sorted(recorded - listed)
        )


def changes(status: Iterable[Any], in_cache: Container[str]) -> Iterator[str]:
    """Yield what ``dvc status`` says of one stage, but for missing files that Git does not keep."""
    for entry in status:
        if isinstance(entry, str):
            yield entry
            continue
        for path, state in (pair for group in entry.values() for pair in group.items()):
            if isinstance(state, dict):
                yield from (f"{path}: {key} {how}" for key, how in state.items())
            elif not (path in in_cache and state in ("deleted", "not in cache")):
                yield f"{path} {state}"


def inconsistent_hashes(lock: Mapping[str, Any]) -> Iterator[str]:
    """Yield the outputs that a later stage used in another version than was recorded."""
    written = {out["path"]: out["md5"] for stage in lock.values() for out in stage.get("outs", [])}
    for name, stage in lock.items():
        for dep in stage.get("deps", []):
            if written.get(dep["path"], dep["md5"]) != dep["md5"]:
                yield (
                    f"{name}: {dep['path']} has another md5 than the stage that wrote it recorded"
                )


def dvc_status() -> dict[str, list[Any]]:
    """Return the stages that differ from dvc.lock and how, from ``dvc status --json``."""
    status: dict[str, list[Any]] = json.loads(_output("dvc", "status", "--json"))
    return status


def _output(*command: str) -> str:
    """Return what a command prints; if it fails, exit: it has said why on standard error."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: `{' '.join(command)}` failed")
    return done.stdout


if __name__ == "__main__":
    main()
