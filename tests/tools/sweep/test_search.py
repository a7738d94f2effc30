"""A search goes on from its journal: nothing is lost, nothing is tried twice."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stages.common.errors import StageError
from tests import ROOT

optuna = pytest.importorskip("optuna", reason="not installed: make .venv/.sweep")

from optuna.storages.journal import JournalFileBackend  # noqa: E402 - if it is there

from tools.sweep.search import Search  # noqa: E402
from tools.sweep.settings import grid, space  # noqa: E402

SPACE = ("recipes.fast.learning_rate=log(0.001,0.1)", "recipes.fast.batch_size=64,128,256")
FIXED = ["train.recipe=fast", "train.threads=1"]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read this project's params.yaml, wherever the tests are run from."""
    monkeypatch.chdir(ROOT)


@contextmanager
def opened(folder: Path, trials: int, words: tuple[str, ...] = SPACE) -> Iterator[Search]:
    """Give the search whose journal is in *folder*, as one process after the other opens it."""
    search = Search(folder / "search.journal", "search", space(words), trials)
    try:
        yield search
    finally:
        search.close()


def accuracy_of(overrides: list[str]) -> float:
    """Return an accuracy that is best for a batch of 128 at a learning rate of 0.01."""
    values = dict(word.split("=") for word in overrides)
    near = 1 - abs(float(values["recipes.fast.learning_rate"]) - 0.01)
    return near - 0.1 * (values["recipes.fast.batch_size"] != "128")


def run(
    search: Search, score: Callable[[list[str]], float | None] = accuracy_of
) -> list[list[str]]:
    """Try all that is proposed, one after the other; return it."""
    proposed = []
    while (overrides := search.ask()) is not None:
        proposed.append(overrides)
        search.tell([*FIXED, *overrides], score(overrides))
    return proposed


def test_as_many_as_asked_for_are_tried_and_each_is_told(tmp_path: Path) -> None:
    with opened(tmp_path, 12) as search:
        proposed = run(search)
        told = search.told()
    assert len(proposed) == 12
    assert [one.overrides for one in told] == [[*FIXED, *overrides] for overrides in proposed]
    assert [one.accuracy for one in told] == [accuracy_of(overrides) for overrides in proposed]


def test_what_is_proposed_gets_better(tmp_path: Path) -> None:
    with opened(tmp_path, 40) as search:
        scores = [accuracy_of(overrides) for overrides in run(search)]
    assert sum(scores[-10:]) > sum(scores[:10])
    assert max(scores) > 0.998


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
    assert len({tuple(overrides) for overrides in at_once}) == 14


def test_one_that_failed_counts_and_is_not_proposed_again(tmp_path: Path) -> None:
    def fails(overrides: list[str]) -> float | None:
        return None if overrides[0].endswith("=64") else accuracy_of(overrides)

    with opened(tmp_path, 6) as search:
        first = search.ask()
        assert first is not None
        search.tell([*FIXED, *first], None, ["no memory", "killed"])
    with opened(tmp_path, 6) as search:
        (told,) = search.told()
        assert (told.overrides, told.accuracy) == ([*FIXED, *first], None)
        assert told.lines == ["no memory", "killed"]
        rest = run(search, fails)
    assert len(rest) == 5
    assert first not in rest


def test_one_that_was_lost_may_be_proposed_again(tmp_path: Path) -> None:
    with opened(tmp_path, 2, ("train.recipe=fast,accurate",)) as search:
        first = search.ask()
        assert first is not None
        search.forget([*FIXED, *first])
        assert search.told() == []
        assert first in run(search, lambda _: 0.5)


@pytest.mark.parametrize(
    "words",
    [
        ("train.seed=range(1,8,3)", "models.model1.dense=[128,64],null"),
        ("train.seed=range(3,0,-1)", "data.dataset='a b',c,[d,'e f']"),
        ("recipes.fast.zoom=range(0,0.4,0.1)", "train.recipe=fast,accurate"),
        ("recipes.fast.zoom=range(1,0,-0.3)", "+models.model1.epochs=1,2"),
    ],
)
def test_where_there_is_little_to_choose_from_all_of_it_is_tried_once(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    with opened(tmp_path, 50, words) as search:
        proposed = run(search, lambda _: 0.5)
    # Hydra itself, and so DVC, lists the same.
    assert sorted(map(numbered, proposed)) == sorted(map(numbered, grid(words)))


def numbered(overrides: list[str]) -> list[str]:
    """Return settings in one order, numbers in one form."""
    pairs = [word.split("=", 1) for word in sorted(overrides)]
    return [f"{key}={shortest(value)}" for key, value in pairs]


def shortest(value: str) -> str:
    """Return a number, which Hydra writes to its last bit, in its shortest form."""
    try:
        return f"{float(value):.10g}"
    except ValueError:
        return value


class _Killed(BaseException):
    """What no code of ours sees, as it sees no SIGKILL."""


class _Kill:
    """Ends the process in the middle of the journal's write number *at*, counted from 1."""

    def __init__(self, at: int, share: float) -> None:
        self.at = at
        self.share = share
        self.writes = 0

    @property
    def method(self) -> Callable[[Any, list[dict[str, Any]]], None]:
        """Return what takes the place of Optuna's method."""

        def append(backend: Any, logs: list[dict[str, Any]]) -> None:
            self._append(backend, logs)

        return append

    def _append(self, backend: Any, logs: list[dict[str, Any]]) -> None:
        """Write *logs* as Optuna does, but for the one write of which only a share gets there."""
        self.writes += 1
        path = Path(backend._file_path)
        before = path.read_bytes()
        APPEND(backend, logs)
        if self.writes == self.at:
            after = path.read_bytes()
            kept = len(before) + round(self.share * (len(after) - len(before)))
            path.write_bytes(after[:kept])
            # Optuna's lock stays behind, too.
            path.with_name(f"{path.name}.lock").symlink_to(path)
            raise _Killed


APPEND = JournalFileBackend.append_logs


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_wherever_it_is_killed_nothing_is_lost_and_nothing_is_run_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    trials, at = 2, 0
    killed = True
    while killed:
        at += 1
        kill = _Kill(at, share)
        monkeypatch.setattr(JournalFileBackend, "append_logs", kill.method)
        folder = tmp_path / str(at)
        seen: list[list[str]] = []
        # The experiments that are there in the end, by what they tried, and how often they ran.
        ran: Counter[str] = Counter()
        killed = False
        try:
            with opened(folder, trials) as search:
                two_at_a_time(search, seen, ran)
        except _Killed:
            killed = True
        monkeypatch.setattr(JournalFileBackend, "append_logs", APPEND)
        with opened(folder, trials) as search:
            two_at_a_time(search, seen, ran)
        with opened(folder, trials) as search:
            assert search.ask() is None
            tried = [(one.overrides[len(FIXED) :], one.accuracy) for one in search.told()]
        assert all(accuracy == accuracy_of(overrides) for overrides, accuracy in tried), at
        told = [" ".join(overrides) for overrides, _ in tried]
        assert len(told) == trials, at
        assert sorted(told) == sorted({" ".join(one) for one in seen}) == sorted(ran), at
        assert set(ran.values()) == {1}, at
    # A write for each new trial, each of two settings, and what was told of it.
    assert at > trials * 4


def two_at_a_time(search: Search, seen: list[list[str]], ran: Counter[str]) -> None:
    """Try all that is proposed, two at a time; what *ran* has an experiment and runs no more."""
    running: list[list[str]] = []
    more = True
    while more or running:
        while more and len(running) < 2:
            overrides = search.ask()
            if overrides is None:
                more = False
            else:
                seen.append(overrides)
                running.append(overrides)
        if running:
            overrides = running.pop(0)
            if " ".join(overrides) not in ran:
                ran[" ".join(overrides)] += 1
            search.tell([*FIXED, *overrides], accuracy_of(overrides))


def test_a_search_is_one_process_at_a_time_until_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from tools.sweep.search import Search
from tools.sweep.settings import space
search = Search(Path({str(tmp_path)!r}) / "search.journal", "search", space({SPACE!r}), 3)
print(*search.ask(), flush=True)
time.sleep(100)
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        proposed = process.stdout.readline().split()
        with (
            pytest.raises(StageError, match=r"this search is already running here; wait for it"),
            opened(tmp_path, 3),
        ):
            pass
        process.kill()
    with opened(tmp_path, 3) as search:
        assert run(search)[0] == proposed
