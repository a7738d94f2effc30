"""What came of a sweep: the table, the picture of a search, the line for its best settings."""

import re
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from dvc.cli.parser import get_main_parser

from stages.common.files import write_json
from tests.support.pipeline import Project

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from optuna.distributions import CategoricalDistribution

from tools.sweep import results
from tools.sweep.driver import Trial
from tools.sweep.search import Search

MODELS = ["model1", "model2"]


@pytest.fixture(autouse=True)
def project(here: Path) -> Project:
    """Return the current folder: a repository with two experiments of two models each."""
    project = Project(here)
    project.output("git", "init", "--quiet", "--initial-branch=main")
    for name, *accuracies in (("good", 0.91, 0.81, 0.93, 0.99), ("bad", 0.51, 0.88, 0.55, 0.98)):
        for model in MODELS:
            trained = {"val_accuracy": accuracies.pop(0), "accuracy": 0.99}
            write_json(here / f"metrics/train/{model}.json", trained)
            evaluated = {"accuracy": accuracies.pop(0)}
            write_json(here / f"metrics/evaluate/{model}.json", evaluated)
        project.commit(name)
        project.output("git", "update-ref", f"refs/exps/ab/cdef/{name}", "HEAD")
    return project


DVC = "ERROR: failed to reproduce 'train': failed to run: python -m stages.train, exited with 1"


def test_trials_are_rows_of_what_differs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A model that a trial has left out does not count, though its numbers may still be there.
    trials = [
        Trial(["~models.model2", "seed=0", "rate=0.5", "dense=[8,8]"], "bad", ["model1"]),
        Trial(["seed=0", "rate=9", "dense=null"], "broken", MODELS, lines=["a", "error: so", DVC]),
        Trial(["seed=0", "rate=0.25", "dense=[8,8]"], "good", MODELS),
        Trial(["seed=0", "rate=1"], "gone", MODELS),
    ]
    results.write(here, trials, None)
    table = pd.read_csv("trials.csv", keep_default_na=False, na_values=[""])
    columns = ["experiment", "rate", "dense", "validation"]
    columns += ["model1 validation", "model1 test", "model2 validation", "model2 test", "note"]
    nothing = [None] * 5
    expected = [
        ["bad", 0.5, "[8,8]", 0.51, 0.51, 0.88, None, None, None],
        ["broken", 9, "null", *nothing, "error: so"],
        ["good", 0.25, "[8,8]", 0.92, 0.91, 0.81, 0.93, 0.99, None],
        ["gone", 1, None, *nothing, "removed since"],
    ]
    pd.testing.assert_frame_equal(
        table.round(6), pd.DataFrame(expected, columns=columns), check_dtype=False
    )
    # Without a search nothing is chosen: validation may be on the test images.
    assert "dvc exp run" not in capsys.readouterr().out


def test_a_search_ends_with_its_best_settings_as_a_line_for_a_shell(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed = ["split.validation_fraction=0.2", "data.path=it's $HOME"]
    ended = []
    space = {"a": CategoricalDistribution(["'a b'", "c"])}
    with closing(Search(tmp_path / "journal", fixed, space, 2)) as search:
        # The best by its validation images is not the best by its test images.
        for name, accuracy in (("bad", 0.53), ("good", 0.92)):
            trial = search.ask()
            assert trial
            trial.name, trial.models, trial.ended, trial.accuracy = name, MODELS, True, accuracy
            ended.append(trial)
        results.write(tmp_path, ended, search)
    assert pd.read_csv("trials.csv")["experiment"].tolist() == ["good", "bad"]
    printed = capsys.readouterr().out
    assert "The best on validation images, 0.9200 on average:\n  dvc exp run -S " in printed
    (line,) = re.findall(r"^  dvc (exp run .*)$", printed, re.MULTILINE)
    # A shell's words, as DVC reads them.
    words = project.output("sh", "-c", f"printf '%s\\n' {line}").splitlines()
    assert get_main_parser().parse_args(words).set_param == ended[1].overrides
    drawn = Path("search.svg").read_text(encoding="utf-8")
    assert drawn.count('aria-roledescription="line mark"') == 2
