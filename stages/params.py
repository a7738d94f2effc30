"""params.yaml: reading it, and the section that says which images there are."""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from stages.common.errors import StageError, one_line
from stages.common.schema import Settings, check_name

PATH = Path("params.yaml")
SECTIONS = ("data", "split", "train", "recipes", "models")
# YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), in which DVC reads the file
# too. PyYAML's own is that of YAML 1.1, where 010 is eight, 1e-05 text, and `on` true.
CORE_SCHEMA = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
}


class _Loader(yaml.SafeLoader):
    """Takes words for numbers as :data:`CORE_SCHEMA` does, and no key twice in one block."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as PyYAML types it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = []
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                problem = f"the key {key!r} stands twice in one block"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
            seen.append(key)
        return super().construct_mapping(node, deep=deep)


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


for _name, _pattern in CORE_SCHEMA.items():
    _resolved = re.compile(rf"(?:{_pattern})\Z")
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _resolved, None)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def _name_or_number(value: Any) -> Any:
    """Return *value*; of a union pydantic itself would name each type in a line of its own."""
    if isinstance(value, str) or type(value) is int:
        return value
    raise PydanticCustomError("name_or_number", "should be text or a whole number")


class Data(Settings):
    """``data:`` — which images there are, and how large and how many."""

    dataset: Annotated[str | int, BeforeValidator(_name_or_number)]
    sources: list[str]
    path: str | None
    size: Annotated[int, Field(ge=1, le=4096)] | None
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
    except (yaml.YAMLError, ValueError) as error:
        raise StageError(f"{path}: not valid YAML: {_problem(error)}") from None
    if not isinstance(params, dict):
        raise StageError(f"{path}: expected the sections {', '.join(SECTIONS)}")
    for name in params:
        check_name("section", name, SECTIONS, str(path))
    return params


def _problem(error: Exception) -> str:
    """Return what is wrong and in which line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {' '.join(str(error.problem).split())}"
    return one_line(error)


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


def name_of(data: Data) -> str:
    """Return what to call the images: the name of their folder or file, or the dataset's."""
    return Path(data.path).name if data.path else str(data.dataset)
