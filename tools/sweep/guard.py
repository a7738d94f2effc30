"""Run a command that ends with whoever started it: ``guard PARENT FOLDER COMMAND...``.

What kills a worker with SIGKILL, be it the system or Ray, leaves the worker's children running.
This stands between: once the process PARENT, its own parent, is gone, it ends the command with all
that the command has started, and removes FOLDER, where they worked.
"""

import os
import shutil
import signal
import subprocess
import sys
from types import FrameType

POLL_SECONDS = 0.5


def main(parent: int, folder: str, command: list[str]) -> int:
    """Return the exit code of *command*."""
    child = subprocess.Popen(command, start_new_session=True)

    def end(*_: int | FrameType | None) -> None:
        os.killpg(child.pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    # Ctrl-C is for who waits for all of this; it then ends the parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            return child.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                break
    end()
    child.wait()
    shutil.rmtree(folder, ignore_errors=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
