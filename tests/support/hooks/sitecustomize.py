"""Python imports this module by itself before a program, if its folder is on PYTHONPATH.

With the variable KILL_AT it makes a stage kill itself, and the `dvc` that runs it, as `kill -9`
would: at the moment that is given as ``EVENT PATH COUNT DELAY``. EVENT is one of Python's audit
events, ``open`` or ``os.rename``, of a file whose path ends with PATH; the COUNT-th of them, and
DELAY seconds later.

With the variable OPENED, a folder, a stage leaves the paths it opened to read in a file there.
"""

import atexit
import itertools
import os
import signal
import sys
import threading
from pathlib import Path


def _kill(delay: float) -> None:
    if delay:
        threading.Timer(delay, _kill, (0,)).start()
    else:
        os.killpg(0, signal.SIGKILL)


def _watch(wanted: str, path: str, count: int, delay: float) -> None:
    seen = itertools.count(1)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == wanted:
            target = str(arguments[1 if event == "os.rename" else 0])
            if target.endswith(path) and next(seen) == count:
                _kill(delay)

    sys.addaudithook(hook)


def _note_opened(file: Path) -> None:
    paths = set()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and arguments[1] in ("r", "rb"):
            paths.add(str(arguments[0]))

    sys.addaudithook(hook)
    atexit.register(lambda: file.write_text("".join(f"{path}\n" for path in sorted(paths))))


if any(word.startswith("stages.") for word in sys.orig_argv):
    if "KILL_AT" in os.environ:
        _event, _path, _count, _delay = os.environ["KILL_AT"].split()
        _watch(_event, _path, int(_count), float(_delay))
    if "OPENED" in os.environ:
        _name = "@".join(sys.orig_argv[2:]).removeprefix("stages.")
        _note_opened(Path(os.environ["OPENED"], _name))
