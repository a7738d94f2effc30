"""Commands in processes of their own, to be interrupted, killed or left without room."""

import os
import random
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.support.pipeline import Project, environment

TIME_LIMIT = 120


def start(project: Project, *words: str, **variables: str) -> subprocess.Popen[str]:
    """Start a command as a shell would start it in a terminal: leading a process group."""
    return subprocess.Popen(
        words,
        cwd=project.folder,
        env={**environment(project.folder.parent), "PYTHONUNBUFFERED": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A test run in the background may itself ignore the signal, which a child inherits.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def wait_for_line(process: subprocess.Popen[str], part: str) -> str:
    """Return all that *process* printed up to the line that holds *part*."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if part in line:
            return "".join(lines)
    raise AssertionError(f"no line with {part!r} in\n{''.join(lines)}")


def interrupt(process: subprocess.Popen[str], stage: int) -> tuple[float, str]:
    """Press Ctrl-C; return the seconds until *stage* has ended, and all that was printed since."""
    os.killpg(process.pid, signal.SIGINT)
    started = time.monotonic()
    wait_until(lambda: not is_running(stage))
    seconds = time.monotonic() - started
    output, _ = process.communicate(timeout=TIME_LIMIT)
    return seconds, output


def is_running(number: int) -> bool:
    """Tell whether a process lives; one that only waits to be buried does not."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    return False


def wait_until(
    condition: Callable[[], object], seconds: float = 180, of: subprocess.Popen[str] | None = None
) -> None:
    """Wait until *condition* holds; fail if it does not within *seconds*, or once *of* has ended.

    The failure shows what the process *of* has printed.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline or (of and of.poll() is not None and not condition()):
            if of:
                of.kill()
            output = of.communicate()[0] if of else ""
            raise AssertionError(f"waited in vain, {seconds} s at most\n{output}")
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nothing listens on, below those that the system gives to connections."""
    for port in random.sample(range(25_000, 32_000), 100):
        with socket.socket() as listening, suppress(OSError):
            listening.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond *size* bytes, here and in processes started: a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
