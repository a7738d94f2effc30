"""`make sweep`: its words, its help, what it says of how far it is, and what it tells a search."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.pipeline import Project

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


def test_make_hands_every_word_on_as_it_is(tmp_path: Path) -> None:
    # An environment whose Python prints its words.
    python = tmp_path / "venv/bin/python"
    python.parent.mkdir(parents=True)
    for name in (".ready", ".sweep"):
        (tmp_path / "venv" / name).touch()
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    given = {"SEARCH": "a=log(1,2)", "TRIALS": "3"}
    given["SET"] = "train.seed=range(0,3) data.dataset='a  b' `touch x` ;touch x; \"*\" #"
    given |= {"CORES": "2", "ADDRESS": "ray://a:1", "REMOTE": "s3://a b", "GIT": "ssh://a"}
    given["CHECKPOINTS"] = "/a"
    given_words = [f"{key}={value}" for key, value in given.items()]
    printed = Project(tmp_path).output("make", "VENV=venv", "sweep", *given_words)
    wanted = [word for key, value in given.items() for word in (f"--{key.lower()}", value)]
    assert printed.splitlines() == ["-m", "tools.sweep", *wanted]


def test_the_help_has_examples_that_hold() -> None:
    text = (ROOT / "tools/sweep/__main__.py").read_text().replace("\\\n", "")
    examples = re.findall(r"make sweep (\w+=.*)", text)
    assert len(examples) == 2
    for example in examples:
        words = dict(word.split("=", 1) for word in shlex.split(example))
        assert grid(words_of(words["SET"], "SET"))
        space(words_of(words.get("SEARCH", ""), "SEARCH"))
