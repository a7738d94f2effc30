"""`kill -9` at many moments: `dvc repro` then ends with the same bytes.

The moments lie around the openings and renamings of the files that a stage writes, some a little
later; see tests/support/hooks.
"""

import os
import re
import signal
from pathlib import Path

import pytest

from stages.common.files import read_json
from tests.support.pipeline import HOOKS, Project, clone
from tests.support.processes import TIME_LIMIT, start

EPOCHS = 5
# How many of the moments below, spread evenly, the last one among them.
KILLS = int(os.environ.get("KILLS", "3"))
CHECKPOINT = ".checkpoints/.partial-model1.npz"
# In the order in which each stage reaches them: an event, its path and count, and a delay.
MOMENTS = {
    "fetch": ["open raw/.partial-images.npy 1 0", "os.rename raw/images.npy 1 0.002"],
    "preprocess": ["open train/.partial-images.npy 1 0.0005", "os.rename test/images.npy 1 0.003"],
    "configure": ["open settings/.partial-model1.json 1 0"],
    "train@model1": [
        # However quick the machine is, each of these is at most one epoch further.
        f"open {CHECKPOINT} 1 0",
        "os.rename .checkpoints/model1.npz 1 0.01",
        f"open {CHECKPOINT} 1 0.005",
        "open models/.partial-model1.keras 1 0.01",
        "os.rename models/model1.keras 1 0",
        "os.rename models/model1.weights.h5 1 0.005",
        "os.rename metrics/time/model1.json 1 0",
        # The stage is done, and DVC has not recorded it yet.
        "os.rename .checkpoints/model1.written 1 0.03",
    ],
}


def kill(project: Project, moment: str, *words: str) -> str:
    """Run ``dvc`` and kill it, and the stage it runs, at *moment*; return what it printed."""
    process = start(project, "dvc", *words, PYTHONPATH=str(HOOKS), KILL_AT=moment)
    output, _ = process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == -signal.SIGKILL, f"never came: {moment}\n{output}"
    return output


def test_a_run_that_was_killed_goes_on_and_ends_with_the_bytes_of_one_never_stopped(
    tmp_path: Path, finished: Project
) -> None:
    project = clone(tmp_path / "project")
    moments = [(stage, when) for stage, several in MOMENTS.items() for when in several]
    assert 3 <= KILLS <= len(moments)
    output = ""
    for number in range(1, KILLS + 1):
        stage, moment = moments[number * len(moments) // KILLS - 1]
        output += kill(project, moment, "repro", stage)
    output += project.run("repro", "train@model1").output

    epochs = [int(epoch) for epoch in re.findall(r"going on after epoch (\d+)", output)]
    assert epochs == sorted(epochs), "no epoch was lost"
    assert epochs[-1] == EPOCHS
    expected, ours = finished.hashes(), project.hashes()
    differing = {path for path in ours if ours[path] != expected[path]}
    assert differing == {"metrics/time/model1.json", "models/metrics/train/model1"}
    assert not list(project.folder.rglob(".partial-*"))

    times = read_json(project.folder / "metrics/time/model1.json")
    assert times["resumed_after_epochs"] == EPOCHS
    seconds = sum(row["seconds"] for row in times["per_epoch"])
    assert times["train_seconds"] == pytest.approx(seconds, abs=0.01)
