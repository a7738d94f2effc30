"""End what a worker has started once the worker is gone: ``python -m tools.sweep.guard FOLDER``.

If the system or Ray kills a worker with SIGKILL, that ends at most the worker's children, not what
those have started. So this reads, from a pipe that only the worker holds, the process group of each
command that the worker starts, and 0 once it has ended. When the pipe ends, the worker has ended
too: then this ends the group and removes FOLDER, where the worker worked.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress


def main(folder: str, groups: Iterable[str]) -> None:
    """Wait until *groups* end, then end the last of them and remove *folder*."""
    # A grandchild in its own session, so that Ray does not end it.
    if os.fork():
        return
    os.setsid()
    if group := int(["0", *groups][-1]):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin)
