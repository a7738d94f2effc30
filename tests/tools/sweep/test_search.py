"""A search goes on from its journal: nothing is lost, nothing is tried twice."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, product
from pathlib import Path
from statistics import mean

import pytest

from stages.common.errors import StageError
from stages.common.files import write_text

pytest.importorskip("optuna", reason="not installed: make .venv/.sweep")

from tools.sweep.search import Search
from tools.sweep.settings import space

SPACE = ("fast.rate=log(0.001,0.1)", "fast.batch=64,128,256")
FIXED = ["train.recipe=fast", "train.threads=1"]


@pytest.fixture(autouse=True)
def _any_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let params.yaml have every key."""
    monkeypatch.setattr("tools.sweep.settings.applied", lambda *_: {})


@contextmanager
def opened(folder: Path, trials: int, words: tuple[str, ...] = SPACE) -> Iterator[Search]:
    """Give the search whose journal is in *folder*, as one process after the other opens it."""
    search = Search(folder / "search.journal", FIXED, space(words), trials)
    try:
        yield search
    finally:
        search.close()


def accuracy_of(overrides: list[str]) -> float:
    """Return an accuracy that is best, 1, for a rate of 0.01, and 0 at either end."""
    (rate,) = (word.split("=")[1] for word in overrides if word.startswith("fast.rate="))
    return 1 - abs(math.log10(float(rate)) + 2)


def run(search: Search, score: Callable[[list[str]], float] = accuracy_of) -> list[list[str]]:
    """Try all that is proposed, one after the other; return it."""
    proposed = []
    while (overrides := search.ask()) is not None:
        proposed.append(overrides)
        search.tell(overrides, score(overrides))
    return proposed


def test_the_same_history_leads_to_the_same_proposals_however_often_it_was_stopped(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "at once", 14) as search:
        at_once = run(search)
    stopped = []
    for trials in range(1, 15):
        with opened(tmp_path / "stopped", trials) as search:
            stopped += run(search)
    assert stopped == at_once
    assert [(one.overrides, one.accuracy) for one in search.finished()] == [
        (overrides, accuracy_of(overrides)) for overrides in at_once
    ]
    assert len({tuple(overrides) for overrides in at_once}) == 14
    assert all(overrides[:2] == FIXED for overrides in at_once)


def test_what_is_proposed_gets_better(tmp_path: Path) -> None:
    with opened(tmp_path, 40) as search:
        scores = [accuracy_of(overrides) for overrides in run(search)]
    # Of all rates the mean is 0.5.
    assert mean(scores[-10:]) > 0.7
    assert max(scores) > 0.98


def test_what_failed_counts_and_what_was_lost_is_proposed_once_more(tmp_path: Path) -> None:
    with opened(tmp_path, 3) as search:
        failed, lost = search.ask(), search.ask()
        assert failed
        search.tell(failed, None, ["no memory", "killed"])
    with opened(tmp_path, 3) as search:
        (proposal,) = search.finished()
        assert (proposal.overrides, proposal.accuracy) == (failed, None)
        assert proposal.lines == ["no memory", "killed"]
        first, second = run(search)
    assert first == lost
    assert second not in (failed, lost)


def test_where_there_is_little_to_choose_from_all_of_it_is_tried_once(tmp_path: Path) -> None:
    words = ("a.b=range(1,8,3)", "a.c=[128,64],null,'d e'", "a.d=range(1,0,-0.3)")
    with opened(tmp_path, 99, words) as search:
        proposed = [overrides[len(FIXED) :] for overrides in run(search, lambda _: 0.5)]
    values = ("147", ["[128,64]", "null", "'d e'"], ["0.1", "0.4", "0.7", "1"])
    every = [[f"a.b={b}", f"a.c={c}", f"a.d={d}"] for b, c, d in product(*values)]
    assert sorted(proposed) == sorted(every)


class Killed(BaseException):
    """What no code of ours sees, as it sees no SIGKILL."""


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
            raise Killed

    monkeypatch.setattr("tools.sweep.search.write_text", write)
    # The experiments that are there in the end, by what they tried, and how often they ran.
    ran: Counter[str] = Counter()
    with pytest.raises(Killed), opened(tmp_path, 3) as search:
        two_at_a_time(search, ran)
    with opened(tmp_path, 3) as search:
        two_at_a_time(search, ran)
        kept = {" ".join(one.overrides): one.accuracy for one in search.finished()}
    assert kept == {overrides: accuracy_of(overrides.split()) for overrides in ran}
    assert list(ran.values()) == [1, 1, 1]


def two_at_a_time(search: Search, ran: Counter[str]) -> None:
    """Try all that is proposed, two at a time; what *ran* has an experiment and runs no more."""
    running = [search.ask(), search.ask()]
    while running:
        overrides = running.pop(0)
        if overrides is not None:
            if " ".join(overrides) not in ran:
                ran[" ".join(overrides)] += 1
            search.tell(overrides, accuracy_of(overrides))
            running.append(search.ask())


def test_a_search_is_one_process_at_a_time(tmp_path: Path) -> None:
    with (
        opened(tmp_path, 3),
        pytest.raises(StageError, match=r"this search is already running here; wait for it"),
        opened(tmp_path, 3),
    ):
        pass
