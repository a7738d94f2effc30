"""The line that says how far a sweep is, in a log."""

from types import SimpleNamespace

import pytest

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from tools.sweep.driver import Trial
from tools.sweep.progress import Progress
from tools.sweep.work import Outcome


def test_a_log_has_a_line_each_minute_and_what_failed_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = SimpleNamespace(seconds=0)
    monkeypatch.setattr("time.monotonic", lambda: now.seconds)
    progress = Progress(12)
    # Finished before: says nothing of how long one takes.
    progress.ended(Trial([], "sweep-1", [], Outcome()), 0.9)
    for now.seconds in (1, 59, 60):
        progress.show(2)
    progress.ended(Trial([], "sweep-2", [], Outcome(seconds=50)), 0.95)
    progress.ended(Trial(["a=1", "b=2"], "sweep-3", [], Outcome(["no such", "thing"], 50)), None)
    # Two in two minutes, nine to go.
    for now.seconds in (119, 120):
        progress.show(2)
    assert capsys.readouterr().out == (
        "1 of 12 done, 2 running, best 0.9000 (sweep-1)\n"
        "sweep-3 failed: a=1 b=2\n    no such\n    thing\n"
        "3 of 12 done, 2 running, 1 failed, best 0.9500 (sweep-2), about 0:09:00 left\n"
    )
