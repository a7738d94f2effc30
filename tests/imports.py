"""Which modules of ours a module imports, worked out from the source without running it."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "stages"
IMPORTERS = {"importlib.import_module", "import_module", "__import__"}


def closure(module: str, root: Path = ROOT) -> set[str]:
    """Return the files, relative to *root*, that running *module* reads.

    That is the module, all it imports from this package, directly or not, and the ``__init__``
    of each package on the way. Where a module of a package is chosen by name at run time, the
    package's modules stand as one pattern such as ``stages/architectures/*.py``.
    """
    return {entry for entry, _ in _reached(module, root)}


def packages_of_others(module: str, root: Path = ROOT) -> set[str]:
    """Return the packages, not ours, that are imported anywhere in the closure of *module*."""
    names = {name for _, path in _reached(module, root) for name in imported_names(path)}
    return {name.partition(".")[0] for name in names} - {PACKAGE}


def differences(module: str, deps: Iterable[str], root: Path = ROOT) -> list[str]:
    """Return how *deps*, a stage's list, differs from the closure of *module*; one line each.

    A folder among *deps* stands for all the modules in it.
    """
    needed = closure(module, root)
    listed = {dep for dep in deps if dep.startswith(f"{PACKAGE}/")}
    folders = {dep for dep in listed if (root / dep).is_dir()}
    covered = {dep: {f for f in needed if f.startswith(f"{dep}/")} for dep in folders}
    covered |= {dep: needed & {dep} for dep in listed - folders}
    missing = needed - set().union(*covered.values())
    return [
        *(f"{file} is imported but not listed" for file in sorted(missing)),
        *(f"{dep} is listed but not imported" for dep in sorted(covered) if not covered[dep]),
    ]


def _reached(module: str, root: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file in the closure of *module* and how :func:`closure` writes it."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] != PACKAGE:
            continue
        seen.add(name)
        for path in _files_of(name, root):
            written = path.with_name("*.py") if name.endswith(".*") else path
            yield written.relative_to(root).as_posix(), path
            waiting.extend(imported_names(path))


def _files_of(name: str, root: Path) -> list[Path]:
    """Return the file of the module *name*; for ``package.*`` those of all its modules.

    None for a name that is no module: what an import takes from a module may be anything in it.
    """
    base = root.joinpath(*name.split("."))
    if name.endswith(".*"):
        return sorted(path for path in base.parent.glob("*.py") if path.stem != "__init__")
    return [p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()][:1]


def imported_names(path: Path) -> Iterator[str]:
    """Yield every name that the module at *path* may import, and the packages above it.

    ``package.*`` stands for a module of the package chosen at run time.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), path)
    imported: dict[str, str] = {}
    calls = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTERS:
            calls.append(node)
    chosen = [_chosen_module(call, imported, path) for call in calls]
    for name in [*imported.values(), *chosen]:
        parts = name.split(".")
        yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _chosen_module(call: ast.Call, imported: dict[str, str], path: Path) -> str:
    """Return the name that a call imports, ``*`` for its last part if that is worked out."""
    name = ""
    argument = call.args[0]
    for part in argument.values if isinstance(argument, ast.JoinedStr) else [argument]:
        code = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
        if isinstance(part, ast.Constant):
            name += str(part.value)
        elif code.endswith(".__name__") and code.removesuffix(".__name__") in imported:
            name += imported[code.removesuffix(".__name__")]
        else:
            name += "*"
    if not re.fullmatch(r"[^*]+\.([^*.]+|\*)", name):
        raise AssertionError(f"{path}:{call.lineno}: which module is imported here cannot be told")
    return name
