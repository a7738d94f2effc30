"""The line that says how far a sweep is: on a terminal, and in a log."""

import os
from typing import Any

import pytest

from tests.support.sweeps import needs_ray

pytestmark = needs_ray


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from tools.sweep import progress  # noqa: PLC0415 - not everyone has Ray

    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def trial(number: int, *lines: str, seconds: float = 0.0) -> Any:
    from tools.sweep.driver import Trial  # noqa: PLC0415
    from tools.sweep.work import Outcome  # noqa: PLC0415

    return Trial([f"train.seed={number}"], f"sweep-{number}", [], Outcome(list(lines), seconds))


def progress_of(wanted: int) -> Any:
    from tools.sweep.progress import Progress  # noqa: PLC0415

    return Progress(wanted)


def test_what_is_left_is_reckoned_from_the_trials_that_ran(clock: Clock) -> None:
    progress = progress_of(12)
    assert progress.line(2) == "0 of 12 done, 2 running"
    # Finished before: says nothing of how long one takes.
    progress.ended(trial(1), 0.9)
    assert progress.line(2) == "1 of 12 done, 2 running, best 0.9000 (sweep-1)"
    clock.seconds = 60
    progress.ended(trial(2, seconds=50), 0.95)
    progress.ended(trial(3, seconds=50), 0.91)
    # Two in a minute, nine to go: four and a half.
    assert progress.line(2) == "3 of 12 done, 2 running, best 0.9500 (sweep-2), about 4 min left"
    progress.ended(trial(4, seconds=50), None)
    # Three in a minute, eight to go; it grows shorter while nothing ends.
    for clock.seconds, left in ((60, "3 min"), (120, "2 min"), (200, "20 s"), (999, "0 s")):
        assert progress.line(0).endswith(f"about {left} left")
    clock.seconds = 4 * 3600
    progress.ended(trial(5, seconds=50), None)
    assert progress.line(0).endswith("about 7 h left")


def test_a_log_has_a_line_each_minute_and_what_failed_at_once(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = progress_of(2)
    for seconds in (1, 59, 60, 61, 119):
        clock.seconds = seconds
        progress.show(2)
    progress.ended(trial(1, "no such", "thing"), None)
    progress.ended(trial(2), 0.5)
    progress.close()
    assert capsys.readouterr().out == (
        "0 of 2 done, 2 running\n"
        "sweep-1 failed: train.seed=1\n    no such\n    thing\n"
        "2 of 2 done, 1 failed, best 0.5000 (sweep-2)\n"
    )


def test_on_a_terminal_the_line_is_replaced_and_never_wraps(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del clock
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((16, 24)))
    progress = progress_of(2)
    progress.show(2)
    progress.ended(trial(1, "lost"), None)
    progress.ended(trial(2), None)
    progress.close()
    anew = "\r\033[K"
    assert capsys.readouterr().out == (
        f"{anew}0 of 2 done, 2 {anew}sweep-1 failed: train.seed=1\n{anew}    lost\n"
        f"{anew}2 of 2 done, 1 failed\n"
    )
