"""Ctrl-C at any moment: one line that says how to continue.

A process that was started with the signal ignored, as by a shell in the background, keeps ignoring
it.
"""

import os
import signal
from collections.abc import Callable

EXIT_CODE = 130  # what shells give for a program ended by Ctrl-C
LINE = "interrupted: run `dvc repro` again to continue"


def end_at_once() -> None:
    """From now on end the process at the signal, without unwinding.

    This is for imports, and for when TensorFlow makes its graphs: an exception raised in the middle
    of these can be swallowed, replaced by another one, or printed with a traceback. Nothing is
    lost, since nothing is being written yet.
    """
    # A copy, since standard error is held back while TensorFlow is imported.
    errors = os.dup(2)

    def end(*_: object) -> None:
        os.write(errors, f"{LINE}\n".encode())
        os._exit(EXIT_CODE)

    _handle(end)


def raise_again() -> None:
    """From now on raise ``KeyboardInterrupt``, so that temporary files are removed."""
    _handle(signal.default_int_handler)


def ignore() -> None:
    """From now on ignore the signal: the process is already ending."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _handle(handler: Callable[..., None]) -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)
