"""How a stage meets the command line: its arguments, its errors, its exit code."""

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
        stage(*sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'the system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("interrupted: run `dvc repro` again to go on", file=sys.stderr)
        sys.exit(130)
