"""Where the numbers come from: hashes, settings, versions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Row = tuple[str, str]


def hashes(lock: Mapping[str, Any], models: Collection[str]) -> dict[str, list[Row]]:
    """Return what stands in dvc.lock, the content *lock*: path and MD5 of data, models and code.

    Of other *models* DVC keeps what stood there before they were removed.
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
    """Return each key of ``data`` and ``split`` in *params*, params.yaml's content."""
    return [
        (f"{section}.{key}", said(value))
        for section in ("data", "split")
        for key, value in params[section].items()
    ]


def settings(chosen: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return the settings of all trainings: a row for each key, with what it is for each model."""
    keys = dict.fromkeys(key for block in chosen.values() for key in block)
    return [(key, [said(block.get(key)) for block in chosen.values()]) for key in keys]


def machines(times: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[Row]]]:
    """Return on what the models were trained: their names, and what metrics/time/ says of it."""
    found: dict[tuple[Row, ...], list[str]] = {}
    for name, time in times.items():
        rows = tuple((key.replace("_", " "), said(value)) for key, value in time["machine"].items())
        found.setdefault(rows, []).append(name)
    return [(", ".join(names), list(rows)) for rows, names in found.items()]


def said(value: Any) -> str:
    """Return a *value* of a settings file in a line."""
    if isinstance(value, Mapping):
        value = [f"{key}={one}" for key, one in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return "null" if value is None else str(value)
