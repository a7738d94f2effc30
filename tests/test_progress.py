"""What a training says: why float32, once for a command, and how long the rest will take."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.train.progress import duration, time_left
from stages.train.results import Epoch
from tests import ROOT

# Two stages of one command, one after the other.
TWO = """
import subprocess, sys
for _ in range(2):
    subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
"""


def test_why_float32_is_said_once_for_a_command_and_again_for_the_next(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = (
        "from pathlib import Path; from stages.train.progress import say_float32; "
        f"say_float32('why', Path({str(said)!r}))"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", TWO, script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            start_new_session=True,
        )
        assert done.stdout == "why\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (1560, "26 min"), (7200, "2.0 h")],
)
def test_a_time_is_told_as_exactly_as_it_is_known(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_time_left_is_that_of_as_many_epochs_as_are_left() -> None:
    epoch = Epoch(0.5, 1.0, 0.5, 1.0, 130.0)
    assert time_left("a", epoch, 9) == "a: 9 more epochs will take about 20 min"
    assert time_left("a", epoch, 1) == "a: 1 more epoch will take about 2 min"
