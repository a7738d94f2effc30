"""The line that says how far a sweep is: on a terminal, and in a log."""

import os

import pytest

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from tools.sweep import progress
from tools.sweep.driver import Trial
from tools.sweep.work import Outcome


class Clock:
    """A time that tests set."""

    seconds = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def trial(number: int, *lines: str, seconds: float = 0.0) -> Trial:
    return Trial([f"train.seed={number}"], f"sweep-{number}", [], Outcome(list(lines), seconds))


def test_what_is_left_is_reckoned_from_the_trials_that_ran(clock: Clock) -> None:
    shown = progress.Progress(12)
    # Finished before: says nothing of how long one takes.
    shown.ended(trial(1), 0.9)
    assert shown.line(2) == "1 of 12 done, 2 running, best 0.9000 (sweep-1)"
    clock.seconds = 60
    shown.ended(trial(2, seconds=50), 0.95)
    shown.ended(trial(3, seconds=50), 0.91)
    # Two in a minute, nine to go; it grows shorter while nothing ends.
    for clock.seconds, left in ((60, "0:04:30"), (90, "0:04:00"), (999, "0:00:00")):
        line = f"3 of 12 done, best 0.9500 (sweep-2), about {left} left"
        assert shown.line(0) == line


def test_a_log_has_a_line_each_minute_and_what_failed_at_once(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = progress.Progress(2)
    for clock.seconds in (1, 59, 60, 61, 119):
        shown.show(2)
    shown.ended(trial(1, "no such", "thing"), None)
    shown.ended(trial(2), 0.5)
    shown.close()
    assert capsys.readouterr().out == (
        "0 of 2 done, 2 running\n"
        "sweep-1 failed: train.seed=1\n    no such\n    thing\n"
        "2 of 2 done, 1 failed, best 0.5000 (sweep-2)\n"
    )


def test_on_a_terminal_the_line_is_replaced_and_never_wraps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((16, 24)))
    shown = progress.Progress(1)
    shown.show(2)
    shown.ended(trial(1, "lost"), None)
    shown.close()
    anew = "\r\033[K"
    assert capsys.readouterr().out == (
        f"{anew}0 of 1 done, 2 {anew}sweep-1 failed: train.seed=1\n{anew}    lost\n"
        f"{anew}1 of 1 done, 1 failed\n"
    )
