"""A limit of time for whatever does not end by itself."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from stages.common.errors import StageError


class _TooLong(BaseException):
    """Not an ``Exception``, and no ``TimeoutError``: libraries would retry, or pass it over."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End the block after *seconds*, wherever it is: in a socket, or waiting for a program.

    ``subprocess.run`` kills its program then. For the main thread, as signals are.

    Raises:
        StageError: the block was ended.
    """

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise _TooLong

    handler = signal.signal(signal.SIGALRM, end)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _TooLong:
        raise StageError(f"took longer than {seconds:g} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
