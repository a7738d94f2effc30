"""What a training says: a note once for a command."""

import subprocess
import sys
from pathlib import Path

from tests import ROOT

# Three stages of one command: two side by side, and one after them.
THREE = """
import subprocess, sys
command = [sys.executable, "-c", sys.argv[1]]
for each in [subprocess.Popen(command) for _ in range(2)]:
    each.wait()
subprocess.run(command, check=True)
"""
# TensorFlow, which takes its time to start, has no part in it.
STAGE = """
import pathlib, sys, unittest.mock
sys.modules["stages.backend"] = unittest.mock.MagicMock()
from stages.train.progress import say_once
say_once("why", pathlib.Path({folder!r}))
"""


def test_a_note_is_said_once_for_a_command_and_again_for_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", THREE, STAGE.format(folder=str(tmp_path))]
    for _ in range(2):
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, start_new_session=True
        )
        assert done.stdout == "why\n"
    assert len(list(tmp_path.iterdir())) == 1
