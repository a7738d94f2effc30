"""What can be told of the architectures without importing them, which would load TensorFlow."""

import ast
from pathlib import Path

from stages.common.errors import StageError

FOLDER = Path(__file__).parents[1] / "architectures"
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


def convolutions(name: str) -> int | None:
    """Return how many convolutions the architecture *name* has: the length of its ``FILTERS``.

    None where that is not written out as numbers.

    Raises:
        StageError: the file is not Python.
    """
    path = FOLDER / f"{name}.py"
    try:
        statements = ast.parse(path.read_bytes()).body
    except SyntaxError as error:
        place = f"{path.relative_to(FOLDER.parents[1])}: line {error.lineno}"
        raise StageError(f"{place}: not valid Python: {error.msg}") from None
    for statement in statements:
        match statement:
            case ast.Assign([ast.Name("FILTERS")], value) | ast.AnnAssign(
                ast.Name("FILTERS"), _, ast.expr() as value
            ):
                try:
                    return len(ast.literal_eval(value))
                except (ValueError, TypeError):
                    return None
    return None
