"""Where the numbers come from: hashes, settings, versions."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any


def hashes(lock: Mapping[str, Any], models: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the paths and MD5s of data, models and code in *lock*, the content of dvc.lock.

    Only *models* count: DVC also keeps the entries of models that were removed.
    """
    # A stage that is not of one model has no name after an @.
    kept = {"", *models}
    stages = [stage for name, stage in lock["stages"].items() if name.partition("@")[2] in kept]
    outs = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", [])}
    deps = {dep["path"]: dep["md5"] for stage in stages for dep in stage.get("deps", [])}
    found = {
        "data": {path: md5 for path, md5 in outs.items() if path.startswith("data/")},
        "models": {path: md5 for path, md5 in outs.items() if path.endswith(".keras")},
        "code": {path: md5 for path, md5 in deps.items() if path.startswith("stages/")},
        "comparison": {path: md5 for path, md5 in outs.items() if path == "metrics/comparison.csv"},
    }
    return {kind: sorted(paths.items()) for kind, paths in found.items()}


def machines(times: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return the machines: the models that each one trained, and what metrics/time/ says of it."""
    found: dict[str, list[str]] = {}
    for name, time in times.items():
        found.setdefault(json.dumps(time["machine"]), []).append(name)
    return [(", ".join(names), json.loads(machine)) for machine, names in found.items()]


def text_of(value: Any) -> str:
    """Return a *value* from a settings file in one line."""
    if isinstance(value, Mapping):
        value = [f"{key}={one}" for key, one in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return "null" if value is None else str(value)
