"""Where the numbers come from: hashes, settings, versions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Row = tuple[str, str]


def hashes(lock: Mapping[str, Any], models: Collection[str]) -> dict[str, list[Row]]:
    """Return the paths and MD5s of data, models and code in *lock*, the content of dvc.lock.

    Only *models* count: DVC also keeps the entries of models that were removed.
    """
    stages = [
        stage
        for name, stage in lock["stages"].items()
        if "@" not in name or name.partition("@")[2] in models
    ]
    outs = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", [])}
    deps = {dep["path"]: dep["md5"] for stage in stages for dep in stage.get("deps", [])}
    found = {
        "data": {path: md5 for path, md5 in outs.items() if path.startswith("data/")},
        "models": {path: md5 for path, md5 in outs.items() if path.endswith(".keras")},
        "code": {path: md5 for path, md5 in deps.items() if path.startswith("stages/")},
        "comparison": {path: md5 for path, md5 in outs.items() if path == "metrics/comparison.csv"},
    }
    return {kind: sorted(paths.items()) for kind, paths in found.items()}


def parameters(params: Mapping[str, Any]) -> list[Row]:
    """Return each key of ``data`` and ``split`` in *params*, the content of params.yaml."""
    return [
        (f"{section}.{key}", text_of(value))
        for section in ("data", "split")
        for key, value in params[section].items()
    ]


def settings(chosen: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return the settings of all trainings: a row for each key, with a value for each model."""
    keys = dict.fromkeys(key for block in chosen.values() for key in block)
    return [(key, [text_of(block.get(key)) for block in chosen.values()]) for key in keys]


def machines(times: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[Row]]]:
    """Return the machines: the models that each one trained, and its rows in metrics/time/."""
    found: dict[tuple[Row, ...], list[str]] = {}
    for name, time in times.items():
        rows = tuple(
            (key.replace("_", " "), text_of(value)) for key, value in time["machine"].items()
        )
        found.setdefault(rows, []).append(name)
    return [(", ".join(names), list(rows)) for rows, names in found.items()]


def text_of(value: Any) -> str:
    """Return a *value* from a settings file in one line."""
    if isinstance(value, Mapping):
        value = [f"{key}={one}" for key, one in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return "null" if value is None else str(value)
