"""What can be told of the architectures without importing them, which would load TensorFlow."""

import ast
import symtable
from pathlib import Path
from typing import Any

from stages.common.errors import StageError

FOLDER = Path(__file__).parents[1] / "architectures"
# What `train` takes from each.
PARTS = ("connect", "FILTERS", "DENSE")
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


def check(name: str) -> None:
    """Check that the file of the architecture *name* can be one.

    Raises:
        StageError: it is not Python, or something that every architecture has is missing.
    """
    path = FOLDER / f"{name}.py"
    shown = path.relative_to(FOLDER.parents[1])
    # It takes bytes too, and finds their encoding as Python does.
    source: Any = path.read_bytes()
    try:
        names = symtable.symtable(source, str(path), "exec").get_identifiers()
    except SyntaxError as error:
        place = f"{shown}: line {error.lineno}" if error.lineno else str(shown)
        raise StageError(f"{place}: not valid Python: {error.msg}") from None
    if missing := [part for part in PARTS if part not in names]:
        raise StageError(
            f"{shown}: no {' and no '.join(missing)} in it; "
            f"an architecture has {', '.join(PARTS)}, as model1.py"
        )


def convolutions(name: str) -> int | None:
    """Return how many convolutions the architecture *name* has: the length of its ``FILTERS``.

    None where that is not written out as numbers.
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
