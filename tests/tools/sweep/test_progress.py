"""The line that says how far a sweep is: in a log, and on a terminal."""

import os
from types import SimpleNamespace

import pytest

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from tools.sweep.driver import Trial
from tools.sweep.progress import Progress
from tools.sweep.work import Outcome


def trial(number: int, *lines: str, seconds: float = 0.0) -> Trial:
    return Trial([f"train.seed={number}"], f"sweep-{number}", [], Outcome(list(lines), seconds))


def test_a_log_has_a_line_each_minute_and_what_failed_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = SimpleNamespace(seconds=0.0)
    clock = SimpleNamespace(monotonic=lambda: now.seconds)
    monkeypatch.setattr("tools.sweep.progress.time", clock)
    progress = Progress(12)
    # Finished before: says nothing of how long one takes.
    progress.ended(trial(1), 0.9)
    for now.seconds in (1, 59, 60):
        progress.show(2)
    progress.ended(trial(2, seconds=50), 0.95)
    progress.ended(trial(3, "no such", "thing", seconds=50), None)
    # Two in a minute, nine to go; it grows shorter while nothing ends.
    for now.seconds in (61, 119, 120, 999):
        progress.show(2)
    progress.close()
    assert capsys.readouterr().out == (
        "1 of 12 done, 2 running, best 0.9000 (sweep-1)\n"
        "sweep-3 failed: train.seed=3\n    no such\n    thing\n"
        "3 of 12 done, 2 running, 1 failed, best 0.9500 (sweep-2), about 0:03:30 left\n"
        "3 of 12 done, 2 running, 1 failed, best 0.9500 (sweep-2), about 0:00:00 left\n"
        "3 of 12 done, 1 failed, best 0.9500 (sweep-2), about 0:00:00 left\n"
    )


def test_on_a_terminal_the_line_is_replaced_and_never_wraps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((16, 24)))
    progress = Progress(1)
    progress.show(2)
    progress.ended(trial(1, "lost"), None)
    progress.close()
    anew = "\r\033[K"
    assert capsys.readouterr().out == (
        f"{anew}0 of 1 done, 2 {anew}sweep-1 failed: train.seed=1\n{anew}    lost\n"
        f"{anew}1 of 1 done, 1 failed\n"
    )
