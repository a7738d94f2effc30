"""The command line of a stage: its arguments, its errors, its exit code."""

import inspect
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from zc.lockfile import LockError, LockFile

from stages.common import interruption
from stages.common.errors import StageError

LOCKS = Path(".locks")


def run(stage: Callable[..., None]) -> None:
    """Call *stage* with the command's arguments; turn its errors into one line and an exit code.

    Exits with 1 after a :class:`StageError` or an operating-system error (a full disk, a missing
    file), and with 130 after Ctrl-C, as shells do. Any other exception is our bug and keeps its
    traceback.
    """
    try:
        inspect.signature(stage).bind(*sys.argv[1:])
    except TypeError:
        wanted = " ".join(word.upper() for word in inspect.signature(stage).parameters)
        sys.exit(f"usage: python -m {_module()} {wanted}".rstrip())
    print_escapes()
    try:
        interruption.raise_again()
        with _alone(" ".join([_module(), *sys.argv[1:]])):
            stage(*sys.argv[1:])
    except StageError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'the system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        interruption.ignore()
        print(interruption.LINE, file=sys.stderr)
        sys.exit(interruption.EXIT_CODE)


def print_escapes() -> None:
    """From now on print what the terminal's encoding lacks as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _alone(command: str) -> Iterator[None]:
    """Hold the lock of this stage; the system releases it however the process ends.

    DVC's own locks end with DVC's process. If only DVC was killed, the stage goes on and would
    write the same files as the next one.

    Raises:
        StageError: another process is running the same stage in this folder.
    """
    path = LOCKS / "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in command)
    path.parent.mkdir(exist_ok=True)
    try:
        lock = LockFile(str(path))
    except LockError:
        holder = path.read_text().strip() or "unknown"
        raise StageError(
            f"`python -m {command}` is already running here (process {holder}); "
            "wait for it or stop it"
        ) from None
    with closing(lock):
        yield


def _module() -> str:
    """Return the name under which the stage's package is run."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name.removesuffix(".__main__") if spec else sys.argv[0]
