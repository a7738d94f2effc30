"""Python imports this module by itself before a program, if its folder is on PYTHONPATH.

It makes a stage kill itself, and the `dvc` that runs it, as `kill -9` would: at the moment that
the variable KILL_AT describes as ``EVENT PATH COUNT DELAY``. EVENT is one of Python's audit
events, ``open`` or ``os.rename``, of a file whose path ends with PATH; the COUNT-th of them, and
DELAY seconds later. With the event ``start`` the delay counts from the program's own start.
"""

import itertools
import os
import signal
import sys
import threading


def _kill() -> None:
    os.killpg(0, signal.SIGKILL)


def _kill_later(delay: float) -> None:
    if delay:
        threading.Timer(delay, _kill).start()
    else:
        _kill()


def _watch(wanted: str, path: str, count: int, delay: float) -> None:
    seen = itertools.count(1)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == wanted:
            target = arguments[1 if event == "os.rename" else 0]
            ours = isinstance(target, str | os.PathLike) and os.fspath(target).endswith(path)
            if ours and next(seen) == count:
                _kill_later(delay)

    sys.addaudithook(hook)


if "KILL_AT" in os.environ and any(word.startswith("stages.") for word in sys.orig_argv):
    _event, _path, _count, _delay = os.environ["KILL_AT"].split()
    if _event == "start":
        _kill_later(float(_delay))
    else:
        _watch(_event, _path, int(_count), float(_delay))
