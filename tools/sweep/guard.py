"""Run a command that ends with whoever started it: ``python -m tools.sweep.guard COMMAND...``.

What kills a worker with SIGKILL, be it the system or Ray, leaves its children running. This stands
between: it ends the command's whole group once its own parent is gone.
"""

import os
import signal
import subprocess
import sys

POLL_SECONDS = 0.5


def main(command: list[str]) -> int:
    """Return the exit code of *command*."""
    parent = os.getppid()
    child = subprocess.Popen(command, start_new_session=True)

    def end(*_: object) -> None:
        os.killpg(child.pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            return child.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
