"""What a training tells the person who waits for it."""

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from stages.common.command import LOCKS
from stages.common.files import write_text
from stages.train.results import Epoch

SAID = LOCKS / "precision.said"


def say_float32(line: str, said: Path = SAID) -> None:
    """Print *line*, unless another training of the same command has.

    ``dvc repro`` trains each model in a process of its own. What they have in common is the process
    that leads them all; which one that was is kept in the file *said*.
    """
    group = os.getpgrp()
    others = [other for other in psutil.Process().parents() if _group(other) == group]
    leader = others[-1] if others else psutil.Process()
    mark = f"{leader.pid} {leader.create_time()}"
    if not said.exists() or said.read_text(encoding="utf-8") != mark:
        write_text(said, mark)
        print(line, flush=True)


def _group(process: psutil.Process) -> int | None:
    """Return the process group of *process*; None where the system does not tell."""
    try:
        return os.getpgid(process.pid)
    except OSError:
        return None


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
