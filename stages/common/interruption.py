"""Ctrl-C: one line that says how to go on, at whatever moment it comes.

A process that was started with the signal ignored, as a shell starts one in the background,
goes on ignoring it.
"""

import os
import signal
from collections.abc import Callable
from types import FrameType

EXIT_CODE = 130  # what shells give for a program ended by Ctrl-C
LINE = "interrupted: run `dvc repro` again to go on"


def end_at_once() -> None:
    """From now on end the process right at the signal, without unwinding.

    For the time of the imports, and while TensorFlow makes its graphs: an exception raised in the
    middle of these can be swallowed or come out as another one, or with a traceback. Nothing is
    lost, since nothing is being written yet.
    """
    # A copy, since standard error is held back while TensorFlow is imported.
    told = os.dup(2)

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        os.write(told, f"{LINE}\n".encode())
        os._exit(EXIT_CODE)

    _handle(end)


def raise_again() -> None:
    """From now on raise ``KeyboardInterrupt``, so that temporary files are removed."""
    _handle(signal.default_int_handler)


def ignore() -> None:
    """From now on do nothing: the process is already ending."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)
