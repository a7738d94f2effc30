"""Checks of architectures without importing them, since that would load TensorFlow."""

import ast
import symtable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stages.common.errors import StageError

FOLDER = Path(__file__).parents[1] / "architectures"
# What `train` uses of each.
PARTS = ("connect", "FILTERS", "DENSE")


def names() -> list[str]:
    """Return the names of all architectures: those of their files."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


def check(name: str) -> None:
    """Check the file of the architecture *name*.

    Raises:
        StageError: it is not valid Python, lacks a part that every architecture has, or imports a
            file that no stage depends on.
    """
    path = FOLDER / f"{name}.py"
    shown = path.relative_to(FOLDER.parents[1])
    # It also takes bytes, and finds their encoding as Python does.
    source: Any = path.read_bytes()
    try:
        names = symtable.symtable(source, str(path), "exec").get_identifiers()
    except SyntaxError as error:
        place = f"{shown}: line {error.lineno}" if error.lineno else str(shown)
        raise StageError(f"{place}: not valid Python: {error.msg}") from None
    for module in _imported(source):
        top = FOLDER.parents[1] / module.partition(".")[0]
        if not module or top.is_dir() or top.with_suffix(".py").is_file():
            raise StageError(
                f"{shown}: imports {module or 'a file beside it'}, of which DVC would not notice a "
                "change; put what it needs into this file"
            )
    if missing := [part for part in PARTS if part not in names]:
        raise StageError(
            f"{shown}: no {' and no '.join(missing)} in it; "
            f"an architecture has {', '.join(PARTS)}, like model1.py"
        )


def _imported(source: bytes) -> Iterator[str]:
    """Yield the modules that *source* imports; a relative one is empty."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "" if node.level else str(node.module)


def convolutions(name: str) -> int | None:
    """Return how many convolutions the architecture *name* has: the length of its ``FILTERS``.

    None if that is not a literal list of numbers.
    """
    for statement in ast.parse((FOLDER / f"{name}.py").read_bytes()).body:
        match statement:
            case ast.Assign([ast.Name("FILTERS")], value) | ast.AnnAssign(
                ast.Name("FILTERS"), _, ast.expr() as value
            ):
                try:
                    return len(ast.literal_eval(value))
                except (ValueError, TypeError):
                    return None
    return None
