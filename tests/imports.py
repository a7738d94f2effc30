"""Which files of ours a module imports, worked out from the source without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "stages"


def closure(module: str) -> set[str]:
    """Return the files, relative to the project, that running *module* reads.

    That is the module, all it imports from this package, directly or not, and the ``__init__``
    of each package on the way.
    """
    found: set[str] = set()
    waiting = [module]
    while waiting:
        path = file_of(waiting.pop())
        if path is None or str(path.relative_to(ROOT)) in found:
            continue
        found.add(str(path.relative_to(ROOT)))
        waiting.extend(imported_names(path))
    return found


def file_of(name: str) -> Path | None:
    """Return the file of the module *name*; nothing for a name that is no module of ours."""
    base = ROOT.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if name.partition(".")[0] == PACKAGE and path.is_file():
            return path
    return None


def imported_names(path: Path) -> Iterator[str]:
    """Yield every name that the module at *path* may import, and the packages above it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
