"""The stages as dvc.yaml declares them, each ``foreach`` written out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests import ROOT


@dataclass(frozen=True)
class Stage:
    """One stage; of *outs*, whether DVC's cache holds them (or else Git)."""

    name: str
    command: str
    description: str
    deps: tuple[str, ...]
    params: tuple[str, ...]
    outs: Mapping[str, bool]

    @property
    def module(self) -> str:
        """Return the module that the stage runs: ``stages.train``."""
        return self.command.split()[2]


def read(name: str) -> Any:
    """Return the content of a YAML file at the project's top."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def stages(params: Mapping[str, Any]) -> list[Stage]:
    """Return the stages in dvc.yaml's order, for the models of *params*."""
    found = []
    for name, block in read("dvc.yaml")["stages"].items():
        if "foreach" in block:
            items = params[re.fullmatch(r"\$\{(\w+)\}", block["foreach"])[1]]  # type: ignore[index]
            for key, item in items.items():
                found.append(_stage(f"{name}@{key}", _filled(block["do"], key, item)))
        else:
            found.append(_stage(name, block))
    return found


def templates() -> list[Stage]:
    """Return the stages in dvc.yaml's order, ``*`` for what differs from model to model."""
    return stages({"models": {"*": {"architecture": "*"}}})


def _filled(value: Any, key: str, item: Mapping[str, Any]) -> Any:
    """Return *value* with ``${key}`` and ``${item.NAME}`` replaced."""
    if isinstance(value, str):
        return re.sub(
            r"\$\{(?:key|item\.(\w+))\}", lambda m: str(item[m[1]]) if m[1] else key, value
        )
    if isinstance(value, dict):
        return {_filled(k, key, item): _filled(v, key, item) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, key, item) for v in value]
    return value


def _stage(name: str, block: Mapping[str, Any]) -> Stage:
    """Return one stage from its block, nothing left to fill in."""
    outs = {}
    for entry in [out for kind in ("outs", "metrics", "plots") for out in block.get(kind, [])]:
        for path, options in (entry if isinstance(entry, dict) else {entry: {}}).items():
            outs[path] = options.get("cache", True)
    return Stage(
        name,
        block["cmd"],
        block.get("desc", ""),
        tuple(block.get("deps", [])),
        tuple(block.get("params", [])),
        outs,
    )
