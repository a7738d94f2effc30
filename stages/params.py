"""params.yaml: reading it, and the section that says which images there are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stages.common.errors import StageError, one_line
from stages.common.schema import Settings, check_name

PATH = Path("params.yaml")
SECTIONS = ("data", "split", "train", "recipes", "models")


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
        # As DVC reads it, so that no number means one thing there and another here.
        params = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path}: not found; run the stages from the project's folder") from None
    except (YAMLError, ValueError) as error:
        raise StageError(f"{path}: not valid YAML: {_problem(error)}") from None
    if not isinstance(params, dict):
        raise StageError(f"{path}: expected the sections {', '.join(SECTIONS)}")
    for name in params:
        check_name("section", name, SECTIONS, str(path))
    return params


def _problem(error: Exception) -> str:
    """Return what is wrong and in which line."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
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
