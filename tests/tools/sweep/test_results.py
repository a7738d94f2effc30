"""What came of a sweep: the table, the picture of a search, the line for its best settings."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from dvc.cli.parser import get_main_parser

from tests.support.pipeline import Project

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from optuna.distributions import CategoricalDistribution, FloatDistribution

from tools.sweep import picture, results
from tools.sweep.driver import Trial
from tools.sweep.search import Proposal, Search
from tools.sweep.work import Outcome

MODELS = ["model1", "model2"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return the current folder: a repository with two experiments.

    They have two models each, with accuracies on validation images and on test images.
    """
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    project.output("git", "init", "--quiet", "--initial-branch=main")
    for name, *accuracies in (("good", 0.91, 0.81, 0.93, 0.99), ("bad", 0.51, 0.88, 0.55, 0.98)):
        for model in MODELS:
            trained = {"val_accuracy": accuracies.pop(0), "accuracy": 0.99}
            written = {"train": trained, "evaluate": {"accuracy": accuracies.pop(0)}}
            for stage, numbers in written.items():
                path = project.folder / f"metrics/{stage}/{model}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(numbers))
        project.commit(name)
        project.output("git", "update-ref", f"refs/exps/ab/cdef/{name}", "HEAD")
    monkeypatch.chdir(project.folder)
    return project


DVC = "ERROR: failed to reproduce 'train': failed to run: python -m stages.train, exited with 1"


@pytest.mark.usefixtures("project")
def test_the_table_holds_every_trial_and_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        "bad": ["~models.model3", "train.seed=0", "k.rate=0.5", "k.dense=[8,8]"],
        "broken": ["train.seed=0", "k.rate=9", "k.dense=null"],
        "good": ["train.seed=0", "k.rate=0.25", "k.dense=[8,8]"],
        "gone": ["train.seed=0", "k.rate=1"],
    }
    trials = [Trial(words, name, MODELS, Outcome()) for name, words in settings.items()]
    trials[1].outcome = Outcome(["a", "error: so", DVC])
    results.write(tmp_path / "sweep", trials, None)
    table = pd.read_csv(tmp_path / "sweep/trials.csv", keep_default_na=False, na_values=[""])
    columns = ["experiment", "k.rate", "k.dense", "validation"]
    columns += ["model1 validation", "model1 test", "model2 validation", "model2 test", "note"]
    nothing = [None] * 5
    expected = [
        ["bad", 0.5, "[8,8]", 0.53, 0.51, 0.88, 0.55, 0.98, None],
        ["broken", 9, "null", *nothing, "error: so"],
        ["good", 0.25, "[8,8]", 0.92, 0.91, 0.81, 0.93, 0.99, None],
        ["gone", 1, None, *nothing, "removed since"],
    ]
    pd.testing.assert_frame_equal(
        table.round(6), pd.DataFrame(expected, columns=columns), check_dtype=False
    )
    header, *printed = capsys.readouterr().out.splitlines()
    assert header.split() == " ".join(columns).split()
    assert printed[0].split()[:4] == ["bad", "0.5", "[8,8]", "0.5300"]
    assert printed[1].split() == ["broken", "9", "null", "-", "-", "-", "-", "-", "error:", "so"]
    # Without a search nothing is chosen: validation may be on the test images.
    assert "dvc exp run" not in "".join(printed)


@pytest.mark.usefixtures("project")
def test_of_one_trial_all_settings_are_columns_and_of_one_model_there_is_no_mean() -> None:
    # A model that a trial has left out does not count, though its numbers may still be there.
    one = Trial(["train.seed=0"], "good", ["model1"], Outcome())
    table = results.table([one], best_first=True)
    assert list(table) == ["experiment", "train.seed", "model1 validation", "model1 test", "note"]
    assert table.to_numpy().tolist() == [["good", "0", 0.91, 0.81, ""]]
    assert results.validation_accuracy(one) == 0.91


SPACE = {
    "data.dataset": CategoricalDistribution(["'a b'", "c"]),
    "fast.rate": FloatDistribution(0.01, 1, log=True),
    "fast.zoom": FloatDistribution(0, 0.4),
}


def test_a_search_ends_with_its_best_settings_as_a_line_for_a_shell(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed = ["split.validation_fraction=0.2", "data.path=it's $HOME"]
    search = Search(tmp_path / "journal", fixed, SPACE, 3)
    ended = []
    # The best by its validation images is not the best by its test images.
    for name, accuracy in (("bad", 0.53), ("good", 0.92), ("broken", None)):
        overrides = search.ask()
        assert overrides
        lines = [] if accuracy else ["error: so"]
        search.tell(overrides, accuracy, lines)
        ended.append(Trial(overrides, name, MODELS, Outcome(lines)))
    results.write(tmp_path / "sweep", ended, search)
    search.close()
    table = pd.read_csv(tmp_path / "sweep/trials.csv")
    assert table["experiment"].tolist() == ["good", "bad", "broken"]
    printed = capsys.readouterr().out
    assert "The best on validation images, 0.9200 on average:\n  dvc exp run -S " in printed
    (line,) = re.findall(r"^  dvc (exp run .*)$", printed, re.MULTILINE)
    # A shell's words, as DVC reads them.
    words = project.output("sh", "-c", f"printf '%s\\n' {line}").splitlines()
    assert get_main_parser().parse_args(words).set_param == ended[1].overrides
    # The one that failed has no line in the picture.
    drawn = (tmp_path / "sweep/search.svg").read_text(encoding="utf-8")
    assert drawn.count('aria-roledescription="line mark"') == 2
    assert ">fast.rate</text>" in drawn


def test_the_picture_has_each_value_where_it_belongs() -> None:
    tried = [("'a b'", 0.01, 0, 0.5), ("c", 0.1, 0.4, 0.9), ("c", 1, 0.1, 0.6)]
    ended = [
        Proposal(dict(zip(SPACE, values, strict=True)), [], ended=True, accuracy=accuracy)
        for *values, accuracy in tried
    ]
    spec = picture.parallel_coordinates(SPACE, ended).to_dict()
    lines, labels = (spec["datasets"][layer["data"]["name"]] for layer in spec["layer"])
    axes = ["data.dataset", "fast.rate", "fast.zoom", "validation accuracy"]
    assert [layer["encoding"]["x"]["sort"] for layer in spec["layer"]] == [axes] * 2
    assert [row["axis"] for row in lines] == axes * 3
    places = [0, 0, 0, 0, 1, 0.5, 1, 1, 1, 1, 0.25, 0.25]
    assert [row["position"] for row in lines] == pytest.approx(places)
    assert [row["trial"] for row in lines] == [0] * 4 + [1] * 4 + [2] * 4
    texts = ["'a b'", "c", "0.01", "0.1", "1", "0", "0.2", "0.4", "0.5", "0.7", "0.9"]
    assert [row["text"] for row in labels] == texts
    assert [row["position"] for row in labels] == pytest.approx([0, 1, *[0, 0.5, 1] * 3])
