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
        statements = ast.parse(path.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        place = f"{path.relative_to(FOLDER.parents[1])}: line {error.lineno}"
        raise StageError(f"{place}: not valid Python: {error.msg}") from None
    for node in statements:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(ast.unparse(target) == "FILTERS" for target in targets):
                try:
                    return len(ast.literal_eval(node.value))
                except (ValueError, TypeError):
                    return None
    return None
