"""params.yaml: how it is read, and its section on the images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stages.common.errors import StageError, one_line
from stages.common.schema import Settings, check_name

PATH = Path("params.yaml")
# The default of data.path. While no image is in it, the dataset is fetched.
OWN = Path("images")
# The most pixels that a side of an image may have.
LARGEST = 4096
SECTIONS = ("data", "split", "train", "recipes", "models")


def _name_or_number(value: Any) -> Any:
    """Return *value*; for a union, pydantic would print an error line per type."""
    if isinstance(value, str) or type(value) is int:
        return value
    raise PydanticCustomError("name_or_number", "should be text or a whole number")


def _height_and_width(value: Any) -> Any:
    """Return *value* as two numbers, or None: one number stands for both."""
    if value is None:
        return None
    sides = value if isinstance(value, list) and len(value) == 2 else [value, value]  # noqa: PLR2004
    if all(type(side) is int and 1 <= side <= LARGEST for side in sides):
        return tuple(sides)
    raise PydanticCustomError(
        "size", f"should be a whole number from 1 to {LARGEST}, or two: [height, width]"
    )


class Data(Settings):
    """``data:`` — which images, how large and how many."""

    dataset: Annotated[str | int, BeforeValidator(_name_or_number)]
    sources: list[str]
    path: str
    size: Annotated[tuple[int, int] | None, BeforeValidator(_height_and_width)]
    limit: Annotated[int, Field(ge=1)] | None
    skip_damaged: bool


def read(path: Path = PATH) -> dict[str, Any]:
    """Return the content of params.yaml after checking the names of its sections.

    Raises:
        StageError: it is not YAML or not a mapping, or has an unknown section.
    """
    try:
        # As DVC reads the file, so both take the same words for numbers.
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
    """Return the problem and its line."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        # For a duplicate key the values, which may be whole blocks, are left out.
        problem = " ".join(str(error.problem).split()).partition(" with value ")[0]
        return f"line {error.problem_mark.line + 1}: {problem}"
    return one_line(error)


def section(params: Mapping[str, Any], name: str) -> Any:
    """Return one section of params.yaml's content.

    Raises:
        StageError: there is no such section.
    """
    if name not in params:
        raise StageError(f"{PATH}: the section {name!r} is missing")
    return params[name]


def experiments_origin() -> Path | None:
    """Return the checkout of an experiment that DVC runs elsewhere; None in a checkout itself.

    Such an experiment gets only what Git or DVC keeps.
    """
    checkout, _, experiment = str(Path.cwd()).partition("/.dvc/tmp/exps/")
    return Path(checkout) if experiment else None


def architecture_of(model: str) -> str:
    """Return the architecture of *model*, which ``configure`` has checked."""
    name: str = section(read(), "models")[model]["architecture"]
    return name


def read_data() -> Data:
    """Return the ``data`` section of params.yaml."""
    return Data.parse(section(read(), "data"), f"{PATH}: data")
