"""What a training prints for the person who waits for it."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from stages.common.command import LOCKS
from stages.train.results import Epoch


def say_once(line: str, folder: Path = LOCKS) -> None:
    """Print *line*, unless another training of the same command has printed it.

    ``dvc repro`` trains each model in its own process. They share the process that leads their
    group: the command or script that the shell started. A file in *folder* is named after it.
    """
    folder.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        printed = folder / f"said-{_leader()}"
        for older in set(folder.glob("said-*")) - {printed}:
            older.unlink(missing_ok=True)
        # Of several trainings side by side, only one can create it.
        printed.touch(exist_ok=False)
        print(line, flush=True)


def _leader() -> str:
    """Return a unique name of the process that leads this one's group."""
    group = os.getpgrp()
    # If it is gone, its number is still the group's; in a container it may be outside, with a 0.
    with suppress(psutil.Error):
        return f"{group}-{psutil.Process(group or None).create_time():.2f}"
    return str(group)


def epoch_line(name: str, epochs: Sequence[Epoch], of: int) -> str:
    """Return the line for the last of *epochs*, of *of* in total."""
    last = epochs[-1]
    return (
        f"{name}: epoch {len(epochs)}/{of}  {last.seconds:6.1f} s  "
        f"accuracy {last.accuracy:.4f}  loss {last.loss:.4f}  "
        f"val_accuracy {last.val_accuracy:.4f}  val_loss {last.val_loss:.4f}"
    )


def time_left(name: str, epoch: Epoch, left: int) -> str:
    """Return the line that says how long *left* more epochs like *epoch* will take."""
    epochs = "1 more epoch" if left == 1 else f"{left} more epochs"
    return f"{name}: {epochs} will take about {duration(left * epoch.seconds)}"


def duration(seconds: float) -> str:
    """Return *seconds* as seconds, minutes or hours, as precise as a guess can be."""
    minutes = round(seconds / 60)
    if minutes < 2:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    if minutes < 120:  # noqa: PLR2004
        return f"{minutes} min"
    return f"{seconds / 3600:.1f} h"
