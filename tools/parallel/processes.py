"""Commands side by side: their lines kept apart, none of them left behind."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, cast

# How long a command may take to end after Ctrl-C; then it is killed.
GRACE_SECONDS = 30.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST_LINE = 2**20


class Command(NamedTuple):
    """A command, and the *label* that each of its lines is printed under; none if it is empty."""

    words: Sequence[str]
    label: str = ""


class Ended(NamedTuple):
    """How a command ended: its exit code (that of a signal is negative) and what it printed."""

    code: int
    lines: list[str]


def run_all(commands: Sequence[Command], at_once: int = 1) -> list[Ended]:
    """Run *commands*, up to *at_once* of them at a time; return how each ended, in their order.

    One that fails leaves the others running.

    Raises:
        KeyboardInterrupt: Ctrl-C, a request to end, or the terminal was closed. By then all
            commands and what they had started have ended.
    """
    try:
        return asyncio.run(_run_all(commands, at_once))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _run_all(commands: Sequence[Command], at_once: int) -> list[Ended]:
    """Run the commands; cancel them all at each signal in :data:`STOPPING`."""
    slots = asyncio.Semaphore(at_once)
    running = asyncio.gather(*(_run(command, slots) for command in commands))
    for number in STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    return await running


async def _run(command: Command, slots: asyncio.Semaphore) -> Ended:
    """Run one command as soon as a slot is free; stop it if this task is.

    It gets a process group of its own: Ctrl-C in the terminal then reaches us alone, and whatever
    the command starts can be reached through the group.
    """
    async with slots:
        process = await asyncio.create_subprocess_exec(
            *command.words,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            process_group=0,
            limit=LONGEST_LINE,
        )
        lines: list[str] = []
        try:
            await _print_lines(process, command.label, lines)
            return Ended(await process.wait(), lines)
        except BaseException:
            await _stop(process)
            raise


async def _print_lines(process: Process, label: str, lines: list[str]) -> None:
    """Print each line of a process when it is whole, and add it to *lines*."""
    async for line in cast(asyncio.StreamReader, process.stdout):
        text = line.decode(errors="replace").rstrip()
        lines.append(text)
        print(f"{label} | {text}".rstrip() if label else text, flush=True)


async def _stop(process: Process) -> None:
    """Interrupt a process and all it started, as Ctrl-C does; kill what is left of them later.

    A second Ctrl-C kills them at once.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
