"""params.yaml: reading it, and the sections that say which images there are."""

import re
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from stages.errors import StageError
from stages.schema import Settings, check_name, section

PATH = Path("params.yaml")
SECTIONS = ("data", "split", "train", "recipes", "models")


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as people and DVC write it: 1e-05 is a number, not text; no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                problem = f"the key {key!r} stands twice in one block"
                raise yaml.MarkedYAMLError(
                    problem=problem, problem_mark=node.value[number][0].start_mark
                )
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)

Fraction = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Data(Settings):
    """``data:`` — where the images come from, and how many are kept."""

    dataset: str
    sources: list[str]
    path: str | None
    limit: Annotated[int, Field(ge=1)] | None


class Split(Settings):
    """``split:`` — which images are trained on, watched during training, and tested on."""

    test_fraction: Fraction
    validation_fraction: Annotated[float, Field(ge=0, lt=1)]
    seed: Seed


def read(path: Path = PATH) -> dict[str, Any]:
    """Return the content of params.yaml, its sections' names checked.

    Raises:
        StageError: not YAML, not a mapping, or a section nobody knows.
    """
    try:
        params = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise StageError(f"{path}: not found; run the stages from the project's folder") from None
    except UnicodeDecodeError as error:
        raise StageError(f"{path}: not UTF-8 text: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise StageError(f"{path}: line {line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise StageError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(params, dict):
        raise StageError(f"{path}: expected the sections {', '.join(SECTIONS)}")
    for name in params:
        check_name("section", name, SECTIONS, str(path))
    return params


def read_data() -> Data:
    """Return the ``data`` section of params.yaml."""
    return Data.parse(section(read(), "data"), "params.yaml: data")


def read_split() -> Split:
    """Return the ``split`` section of params.yaml."""
    return Split.parse(section(read(), "split"), "params.yaml: split")
