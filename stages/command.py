"""How a stage meets the command line: its arguments, its errors, its exit code."""

import inspect
import sys
from collections.abc import Callable

from stages.errors import StageError


def run(stage: Callable[..., None]) -> None:
    """Call *stage* with the command's arguments; turn its errors into one line and an exit code.

    Exits with 1 after a :class:`StageError` or an operating-system error (a full disk, a missing
    file), and with 130 after Ctrl-C, as shells do. Any other exception is a defect of ours and
    keeps its traceback.
    """
    try:
        inspect.signature(stage).bind(*sys.argv[1:])
    except TypeError:
        wanted = " ".join(word.upper() for word in inspect.signature(stage).parameters)
        sys.exit(f"usage: python -m {_module()} {wanted}".rstrip())
    try:
        stage(*sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'the system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("interrupted: run `dvc repro` again to go on", file=sys.stderr)
        sys.exit(130)


def _module() -> str:
    """Return the name of the stage's module, as it is run."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec else sys.argv[0]
