"""The stages as dvc.yaml declares them; DVC itself writes out each ``foreach``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dvc.repo import Repo

from tests import ROOT


class Stage(NamedTuple):
    """One stage; of *outs*, whether DVC's cache holds them (or else Git)."""

    name: str
    command: str
    deps: tuple[str, ...]
    outs: Mapping[str, bool]


def read(name: str) -> Any:
    """Return the content of a YAML file at the project's top."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def stages(root: Path = ROOT) -> list[Stage]:
    """Return the stages that dvc.yaml in the project *root* declares, in its order."""
    with Repo(str(root)) as repo:
        return [
            Stage(
                stage.addressing,
                stage.cmd,
                tuple(dep.def_path for dep in stage.deps if dep not in stage.params),
                {out.def_path: out.use_cache for out in stage.outs},
            )
            for stage in repo.index.stages
            if stage.path_in_repo == "dvc.yaml"
        ]
