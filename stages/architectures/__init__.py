"""The CNNs, one module each, found by the module's name.

Each has ``connect(x, filters, dense)``, which connects its layers to the images *x*, and the
defaults of its sizes: ``FILTERS``, one number per convolution, and ``DENSE``, one per hidden
dense layer.
"""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


def convolutions(name: str) -> int:
    """Return how many convolutions the architecture *name* has: the length of its ``FILTERS``.

    Read from its source, since importing it would load TensorFlow.
    """
    for node in ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FILTERS":
            return len(ast.literal_eval(node.value))
    raise LookupError(f"{name}.py has no FILTERS")
