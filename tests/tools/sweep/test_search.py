"""A search goes on from its journal: nothing is lost, nothing is tried twice."""

import math
import shlex
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from itertools import count, product
from pathlib import Path
from statistics import mean

import pytest

from stages.common.errors import StageError
from stages.common.files import write_text

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from tools.sweep.search import Search
from tools.sweep.settings import space

FIXED = ["train.recipe=fast", "train.threads=1"]


@pytest.fixture(autouse=True)
def _any_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let params.yaml have every key."""
    monkeypatch.setattr("tools.sweep.settings.applied", lambda *_: {})


def opened(folder: Path, trials: int, *words: str) -> AbstractContextManager[Search]:
    """Give the search whose journal is in *folder*, as one process after the other opens it."""
    return closing(Search(folder / "search.journal", FIXED, space(shlex.join(words)), trials))


def outcome_of(overrides: list[str]) -> tuple[float | None, list[str]]:
    """Return an accuracy, 1 at most, for a rate of 0.01; or the lines of a batch that fails."""
    values = dict(word.split("=") for word in overrides)
    if values.get("fast.batch") == "64":
        return None, ["no memory", "killed"]
    return 1 - abs(math.log10(float(values.get("fast.rate", 0.01))) + 2), []


def run(search: Search, ran: list[list[str]], at_a_time: int = 1) -> None:
    """Try all that is proposed; what *ran* has an experiment and runs no more."""
    running = [search.ask() for _ in range(at_a_time)]
    while running:
        if trial := running.pop(0):
            if trial.overrides not in ran:
                ran.append(trial.overrides)
            trial.accuracy, trial.lines = outcome_of(trial.overrides)
            trial.ended = True
            search.keep()
            running.append(search.ask())


def test_the_same_history_leads_to_the_same_proposals_which_get_better(tmp_path: Path) -> None:
    words = ("fast.rate=log(0.001,0.1)", "fast.batch=128,256")
    at_once: list[list[str]] = []
    with opened(tmp_path / "at once", 40, *words) as search:
        run(search, at_once)
    stopped: list[list[str]] = []
    for trials in range(1, 15):
        with opened(tmp_path / "stopped", trials, *words) as search:
            run(search, stopped)
    assert len(at_once) == 40
    assert stopped == at_once[:14]
    assert all(overrides[:2] == FIXED for overrides in at_once)
    # Of all rates the mean is 0.5.
    assert mean(outcome_of(overrides)[0] or 0 for overrides in at_once[-10:]) > 0.7


def test_where_there_is_little_to_choose_from_all_of_it_is_tried_once(tmp_path: Path) -> None:
    words = ("a.b=range(1,8,3)", "a.c=[128,64],null,'d e'", "a.d=range(1,0,-0.3)")
    ran: list[list[str]] = []
    with opened(tmp_path, 99, *words) as search:
        run(search, ran)
    values = ("147", ["[128,64]", "null", "'d e'"], ["0.1", "0.4", "0.7", "1"])
    every = [[f"a.b={b}", f"a.c={c}", f"a.d={d}"] for b, c, d in product(*values)]
    assert sorted(overrides[2:] for overrides in ran) == sorted(every)


@pytest.mark.parametrize("written", [False, True])
# A write for each of three that are proposed, and for each that is told.
@pytest.mark.parametrize("at", range(1, 7))
def test_wherever_it_is_killed_nothing_is_lost_and_nothing_is_run_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, written: bool
) -> None:
    writes = count(1)

    def write(path: Path, text: str) -> None:
        killed = next(writes) == at
        if written or not killed:
            write_text(path, text)
        if killed:
            raise SystemExit

    monkeypatch.setattr("tools.sweep.search.write_text", write)
    words = ("fast.rate=log(0.001,0.1)", "fast.batch=64,128")
    ran: list[list[str]] = []
    with pytest.raises(SystemExit), opened(tmp_path, 3, *words) as search:
        run(search, ran, 2)
    with opened(tmp_path, 3, *words) as search:
        run(search, ran, 2)
        told = [(one.overrides, one.accuracy, one.lines) for one in search.finished()]
    assert told == [(one, *outcome_of(one)) for one in ran]
    # Two have failed.
    assert sorted(len(lines) for *_, lines in told) == [0, 2, 2]


def test_what_was_lost_is_not_told_and_is_tried_again_by_one_process(tmp_path: Path) -> None:
    with opened(tmp_path, 1) as search:
        with pytest.raises(StageError, match=r"^this search is already running here"):
            opened(tmp_path, 1)
        lost = search.ask()
        assert lost
        lost.ended, lost.lines, lost.lost = True, ["timed out"], True
        search.keep()
        assert search.finished() == []
    with opened(tmp_path, 1) as search:
        assert search.ask() == replace(lost, ended=False, lines=[], lost=False)
