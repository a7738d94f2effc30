"""`make sweep`: its words, its help, and what it tells a search."""

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
Next = Callable[[], Trial | None]


@pytest.fixture(autouse=True)
def _written_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("tools.sweep.results.write", lambda *_: None)


def test_of_what_was_lost_a_search_hears_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def follow(_: object, next_trial: Next, *__: object) -> Iterator[Trial]:
        for outcome in (Outcome(["timed out"], lost=True), Outcome(["error: so"])):
            trial = next_trial()
            assert trial
            trial.outcome = outcome
            yield trial
        assert next_trial() is None

    monkeypatch.setattr(command, "follow", follow)
    search = Search(tmp_path / "journal", [], {"train.seed": IntDistribution(0, 9)}, 2)
    assert command.Sweep(SOURCE, 2, search).run([], 1, None) == 1
    assert [one.lines for one in search.finished()] == [["error: so"]]
    search.close()


def test_a_trial_whose_experiment_is_there_is_not_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trials = [["train.seed=1"], ["train.seed=2"]]
    handed: list[Trial] = []

    def follow(_: object, next_trial: Next, *__: object) -> list[Trial]:
        handed.extend(iter(next_trial, None))
        return []

    monkeypatch.setattr(command, "follow", follow)
    monkeypatch.setattr(command, "revisions", lambda _: {name_of("", trials[0]): "a reference"})
    assert command.Sweep(SOURCE, 2, None).run(trials, 1, None) == 0
    assert [one.outcome for one in handed] == [Outcome(), None]


def test_make_hands_every_word_on_as_it_is(tmp_path: Path) -> None:
    # An environment whose Python prints its words.
    python = tmp_path / "venv/bin/python"
    python.parent.mkdir(parents=True)
    for name in (".ready", ".sweep", ".plots"):
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
    assert not (tmp_path / "x").exists()


def test_the_help_has_examples_that_hold() -> None:
    text = (ROOT / "tools/sweep/__main__.py").read_text().replace("\\\n", "")
    examples = re.findall(r"make sweep (\w+=.*)", text)
    assert len(examples) == 2
    for example in examples:
        words = dict(word.split("=", 1) for word in shlex.split(example))
        assert grid(words_of(words["SET"], "SET"))
        space(words_of(words.get("SEARCH", ""), "SEARCH"))
