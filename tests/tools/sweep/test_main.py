"""`make sweep`: its words, its help, what it says of how far it is, and what it tells a search."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import ROOT

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from optuna.distributions import IntDistribution

from tools.sweep import __main__ as command
from tools.sweep.driver import Trial
from tools.sweep.search import Search
from tools.sweep.settings import grid, name_of, space, words_of
from tools.sweep.work import Outcome, Source

SOURCE = Source("", "", "", "")


def test_what_is_there_is_not_run_again_and_what_was_lost_is_not_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    space = {"train.seed": IntDistribution(0, 9)}
    before = Search(tmp_path / "journal", [], space, 3)
    there = before.ask()
    assert there
    before.close()
    given = [Outcome(["timed out"], lost=True), Outcome(["error: so"])]

    def follow(_: object, next_trial: Callable[[], Trial | None], *__: object) -> Iterator[Trial]:
        for trial in iter(next_trial, None):
            trial.outcome = trial.outcome or given.pop(0)
            yield trial

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(command, "follow", follow)
    monkeypatch.setattr(command, "revisions", lambda _: [name_of("", there)])
    monkeypatch.setattr("tools.sweep.results.accuracies", lambda *_: {"validation": 0.9})
    monkeypatch.setattr("tools.sweep.results.write", lambda *_: None)
    search = Search(tmp_path / "journal", [], space, 3)
    assert command.sweep(SOURCE, [], search, 1, None) == 1
    told = [(one.accuracy, one.lines) for one in search.finished()]
    assert told == [(0.9, []), (None, ["error: so"])]
    search.close()


def test_the_help_has_examples_that_hold() -> None:
    text = (ROOT / "tools/sweep/__main__.py").read_text().replace("\\\n", "")
    examples = re.findall(r"make sweep (\w+=.*)", text)
    assert len(examples) == 2
    for example in examples:
        words = dict(word.split("=", 1) for word in shlex.split(example))
        assert grid(words_of(words["SET"], "SET"))
        space(words_of(words.get("SEARCH", ""), "SEARCH"))
