"""What a training tells the person who waits for it."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from stages.common.command import LOCKS
from stages.train.results import Epoch


def say_once(line: str, folder: Path = LOCKS) -> None:
    """Print *line*, unless another training of the same command has.

    ``dvc repro`` trains each model in a process of its own. What they have in common is the process
    that leads their group: the first command of the line, or the script, that a shell was given. A
    file in *folder* is named after it.
    """
    folder.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        said = folder / f"said-{_leader()}"
        for older in set(folder.glob("said-*")) - {said}:
            older.unlink(missing_ok=True)
        # One alone can make it, of several that train side by side.
        said.touch(exist_ok=False)
        print(line, flush=True)


def _leader() -> str:
    """Return what names the first ancestor in this process's group, and no process after it."""
    leader = psutil.Process()
    # Where the system does not tell, nearer ones have to do.
    with suppress(psutil.Error, OSError):
        for ancestor in leader.parents():
            # macOS has a process 0, and by that number the system means the one that asks.
            if ancestor.pid and os.getpgid(ancestor.pid) == os.getpgrp():
                leader = ancestor
    return f"{leader.pid}-{leader.create_time():.2f}"


def epoch_line(name: str, epochs: Sequence[Epoch], of: int) -> str:
    """Return the line on the last of *epochs*, when there will be *of* in all."""
    last = epochs[-1]
    return (
        f"{name}: epoch {len(epochs)}/{of}  {last.seconds:6.1f} s  "
        f"accuracy {last.accuracy:.4f}  loss {last.loss:.4f}  "
        f"val_accuracy {last.val_accuracy:.4f}  val_loss {last.val_loss:.4f}"
    )


def time_left(name: str, epoch: Epoch, left: int) -> str:
    """Return the line on how long *left* more epochs like this one will take."""
    epochs = "1 more epoch" if left == 1 else f"{left} more epochs"
    return f"{name}: {epochs} will take about {duration(left * epoch.seconds)}"


def duration(seconds: float) -> str:
    """Return a time in words that are as exact as a guess can be: seconds, minutes, or hours."""
    minutes = round(seconds / 60)
    if minutes < 2:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    if minutes < 120:  # noqa: PLR2004
        return f"{minutes} min"
    return f"{seconds / 3600:.1f} h"
