"""params.yaml: reading it, and the sections that say which images there are."""

import re
import reprlib
from collections.abc import Collection, Hashable
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field

from stages.errors import StageError, one_line
from stages.schema import Settings, check_name, section

PATH = Path("params.yaml")
SECTIONS = ("data", "split", "train", "recipes", "models")
# Room for a thousand models. An error may have to show any value, so this bounds its line too.
LONGEST = 100_000
# Numpy counts no further.
LARGEST_INTEGER = 2**63 - 1
# Ours is 4; PyYAML takes ever longer for each further bracket.
DEEPEST = 20
TOO_DEEP = "blocks nested too deeply"


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as people and DVC write it: 1e-05 is a number, not text; no key stands twice."""

    def fetch_flow_collection_start(self, token_class: Any) -> None:
        if self.flow_level >= DEEPEST:
            raise yaml.MarkedYAMLError(problem=TOO_DEEP, problem_mark=self.get_mark())
        super().fetch_flow_collection_start(token_class)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep=deep)
        except (yaml.YAMLError, RecursionError):
            raise
        # PyYAML lets through what int(), float(), date() and its own tables raise: 2026-02-30.
        except Exception:
            kind = node.tag.rpartition(":")[2]
            problem = f"{reprlib.repr(node.value)} is no {kind}; put text in quotes"
            raise _problem(node, problem) from None
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise _problem(node, f"{reprlib.repr(node.value)} is too large an integer")
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise _problem(key_node, "merging with << is not supported; write the keys out")
            key = self.construct_object(key_node, deep=True)
            # SafeLoader itself refuses the others.
            if isinstance(key, Hashable):
                if key in seen:
                    raise _problem(key_node, f"the key {key!r} stands twice in one block")
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _problem(node: yaml.Node, text: str) -> yaml.MarkedYAMLError:
    """Return the error of a *node* that cannot be read."""
    return yaml.MarkedYAMLError(problem=text, problem_mark=node.start_mark)


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
        StageError: not YAML, not a mapping, a section nobody knows, or longer than people write.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
        _check_length(len(content), path)
        params = yaml.load(content.decode(), _Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise StageError(f"{path}: not found; run the stages from the project's folder") from None
    except UnicodeDecodeError as error:
        raise StageError(f"{path}: not UTF-8 text: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise StageError(f"{path}: line {line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise StageError(f"{path}: not valid YAML: {one_line(error)}") from None
    except RecursionError:
        raise StageError(f"{path}: not valid YAML: {TOO_DEEP}") from None
    _check_written_out(params, path)
    if not isinstance(params, dict):
        raise StageError(f"{path}: expected the sections {', '.join(SECTIONS)}")
    for name in params:
        check_name("section", name, SECTIONS, str(path))
    return params


def _check_length(length: int, path: Path) -> None:
    """Check that a file of *length* bytes is one that a person may have written."""
    if length > LONGEST:
        raise StageError(
            f"{path}: longer than {LONGEST:,} bytes with its aliases written out; make it shorter"
        )


def _check_written_out(params: object, path: Path) -> None:
    """Check the length of *params* with each alias replaced by what it stands for.

    A few aliases of aliases stand for billions of values, and one that holds itself for ever more.
    """
    length, waiting = 0, [params]
    while waiting:
        value = waiting.pop()
        inner: Collection[Any] = value if isinstance(value, list | tuple | set) else ()
        if isinstance(value, dict):
            inner = [*value, *value.values()]
        length += len(value) if isinstance(value, str | bytes) else len(inner)
        _check_length(length, path)
        waiting.extend(inner)


def read_data() -> Data:
    """Return the ``data`` section of params.yaml."""
    return Data.parse(section(read(), "data"), "params.yaml: data")


def read_split() -> Split:
    """Return the ``split`` section of params.yaml."""
    return Split.parse(section(read(), "split"), "params.yaml: split")
