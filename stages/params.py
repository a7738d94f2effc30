"""params.yaml: reading it, and the section that says which images there are."""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from stages.common.errors import StageError, one_line
from stages.common.schema import Settings, check_name

PATH = Path("params.yaml")
SECTIONS = ("data", "split", "train", "recipes", "models")
# YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), in which DVC reads the
# file too. PyYAML's own is that of YAML 1.1, where 010 is eight, 1e-05 text and `on` true.
CORE_SCHEMA = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
}


class _Loader(yaml.SafeLoader):
    """Reads the core schema, and refuses a key that stands twice in one block."""

    # None of those inherited.
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as PyYAML types it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := [key for key in keys if keys.count(key) > 1]:
            problem = f"the key {twice[0]!r} stands twice in one block"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return mapping


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


for _name, _pattern in CORE_SCHEMA.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(rf"(?:{_pattern})\Z"), None
    )
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


class Data(Settings):
    """``data:`` — where the images come from, and how many are kept."""

    dataset: str
    sources: list[str]
    path: str | None
    limit: Annotated[int, Field(ge=1)] | None


def read(path: Path = PATH) -> dict[str, Any]:
    """Return the content of params.yaml, its sections' names checked.

    Raises:
        StageError: not YAML, not a mapping, or a section nobody knows.
    """
    try:
        params = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise StageError(f"{path}: not found; run the stages from the project's folder") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise StageError(f"{path}: line {line}: not valid YAML: {error.problem}") from None
    # What is no text, and tags such as `!!int x`.
    except (yaml.YAMLError, ValueError) as error:
        raise StageError(f"{path}: not valid YAML: {one_line(error)}") from None
    if not isinstance(params, dict):
        raise StageError(f"{path}: expected the sections {', '.join(SECTIONS)}")
    for name in params:
        check_name("section", name, SECTIONS, str(path))
    return params


def section(params: Mapping[str, Any], name: str) -> Any:
    """Return one section of params.yaml's content.

    Raises:
        StageError: there is no such section.
    """
    if name not in params:
        raise StageError(f"{PATH}: the section {name!r} is missing")
    return params[name]


def read_data() -> Data:
    """Return the ``data`` section of params.yaml."""
    return Data.parse(section(read(), "data"), f"{PATH}: data")
