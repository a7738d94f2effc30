"""What came of a sweep: the table, the picture of a search, the line for its best settings."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from dvc.cli.parser import get_main_parser

from tests import ROOT
from tests.support.pipeline import Project

for name in ("optuna", "ray"):
    pytest.importorskip(name, reason="not installed: make .venv/.sweep")

from tools.sweep import picture, results  # noqa: E402 - if they are there
from tools.sweep.driver import Trial  # noqa: E402
from tools.sweep.search import Search, Told  # noqa: E402
from tools.sweep.settings import space  # noqa: E402
from tools.sweep.work import Outcome  # noqa: E402

MODELS = ["model1", "model2"]


def experiment(project: Project, name: str, accuracies: Mapping[str, tuple[float, float]]) -> None:
    """Add an experiment where DVC keeps them, with each model's validation and test accuracy."""
    for model, (validation, test) in accuracies.items():
        for stage, numbers in (
            ("train", {"val_accuracy": validation, "accuracy": 0.99}),
            ("evaluate", {"accuracy": test}),
        ):
            path = project.folder / "metrics" / stage / f"{model}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(numbers))
    project.output("git", "checkout", "--quiet", "--detach")
    project.commit(name)
    project.output("git", "update-ref", f"refs/exps/ab/cdef/{name}", "HEAD")
    project.output("git", "checkout", "--quiet", "main")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return the current folder: a repository with two experiments."""
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    project.output("git", "init", "--quiet", "--initial-branch=main")
    (project.folder / "file").touch()
    project.commit("first")
    experiment(project, "good", {"model1": (0.91, 0.81), "model2": (0.93, 0.99)})
    experiment(project, "bad", {"model1": (0.51, 0.88), "model2": (0.55, 0.98)})
    monkeypatch.chdir(project.folder)
    return project


DVC = "ERROR: failed to reproduce 'train': failed to run: python -m stages.train, exited with 1"


def trials() -> list[Trial]:
    """Return three trials, one of which has failed; their seed is the same, and one lacks a key."""
    return [
        Trial(
            ["~models.model3", "train.seed=0", "k.rate=0.5", "k.dense=[8,8]"],
            "bad",
            MODELS,
            Outcome(),
        ),
        Trial(
            ["train.seed=0", "k.rate=9", "k.dense=null"],
            "broken",
            MODELS,
            Outcome(["a", "error: so", DVC]),
        ),
        Trial(["train.seed=0", "k.rate=0.25", "k.dense=[8,8]"], "good", MODELS, Outcome([], 3.0)),
    ]


COLUMNS = ["experiment", "k.rate", "k.dense", "validation"]
COLUMNS += ["model1 validation", "model1 test", "model2 validation", "model2 test", "note"]
BAD = ["bad", 0.5, "[8,8]", 0.53, 0.51, 0.88, 0.55, 0.98, None]
GOOD = ["good", 0.25, "[8,8]", 0.92, 0.91, 0.81, 0.93, 0.99, None]
BROKEN = ["broken", 9.0, "null", None, None, None, None, None, "error: so"]


@pytest.mark.usefixtures("project")
def test_the_objective_is_the_mean_accuracy_on_validation_images() -> None:
    good = Trial([], "good", MODELS)
    assert results.validation_accuracy(good) == pytest.approx(0.92)
    # A model that a trial has left out does not count, though its numbers may still be there.
    good.models = ["model1"]
    assert results.validation_accuracy(good) == pytest.approx(0.91)


@pytest.mark.usefixtures("project")
def test_the_table_holds_every_trial_and_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results.write(tmp_path / "sweep", trials(), None)
    table = pd.read_csv(tmp_path / "sweep/trials.csv", keep_default_na=False, na_values=[""])
    assert list(table) == COLUMNS
    rows = table.astype(object).where(table.notna(), None).to_numpy().tolist()
    assert [row[:3] + row[4:] for row in rows] == [row[:3] + row[4:] for row in (BAD, BROKEN, GOOD)]
    assert table["validation"].tolist() == pytest.approx([0.53, float("nan"), 0.92], nan_ok=True)
    header, *printed = capsys.readouterr().out.splitlines()
    assert header.split() == " ".join(COLUMNS).split()
    assert printed[0].split()[:4] == ["bad", "0.5", "[8,8]", "0.5300"]
    assert printed[1].split() == ["broken", "9", "null", "-", "-", "-", "-", "-", "error:", "so"]
    # Without a search nothing is chosen: validation may be on the test images.
    assert "dvc exp run" not in "".join(printed)


@pytest.mark.usefixtures("project")
def test_what_a_user_has_removed_is_noted_in_the_table() -> None:
    table = results.table([*trials(), Trial(["train.seed=1"], "gone", MODELS, Outcome())])
    assert table["note"].tolist() == ["", "error: so", "", "removed since"]
    assert table["model1 test"].notna().tolist() == [True, False, True, False]


@pytest.mark.usefixtures("project")
def test_of_one_trial_all_settings_are_columns_and_of_one_model_there_is_no_mean() -> None:
    (one, *_) = trials()
    one.models = ["model1"]
    table = results.table([one])
    columns = ["train.seed", "k.rate", "k.dense", "model1 validation", "model1 test"]
    assert list(table) == ["experiment", *columns, "note"]


SPACE = ["data.dataset='a b',c", "recipes.fast.learning_rate=log(0.01,1)"]
SPACE += ["recipes.fast.zoom=interval(0,0.4)"]


def told(dataset: str, rate: float, zoom: float, accuracy: float | None) -> Told:
    """Return a trial of a search that has ended."""
    words = [f"data.dataset={dataset}", f"recipes.fast.learning_rate={rate}"]
    overrides = ["split.validation_fraction=0.2", *words, f"recipes.fast.zoom={zoom}"]
    return Told(overrides, accuracy, [] if accuracy else ["error"])


def test_a_search_ends_with_its_best_settings_as_a_line_for_a_shell(
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    search = Search(tmp_path / "journal", "search", space(SPACE), 3)
    monkeypatch.chdir(project.folder)
    ended = []
    # The best by its validation images is not the best by its test images.
    for name, accuracy in (("bad", 0.53), ("good", 0.92), ("broken", None)):
        overrides = ["split.validation_fraction=0.2", "data.path=it's $HOME", *(search.ask() or [])]
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
    assert words == shlex.split(line)


def test_the_picture_has_each_value_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    tried = [told("'a b'", 0.01, 0, 0.5), told("c", 0.1, 0.4, 0.9), told("c", 1, 0.1, 0.6)]
    spec = picture.parallel_coordinates(space(SPACE), tried)
    lines, labels = (layer["data"]["values"] for layer in spec["layer"])
    axes = ["data.dataset", "recipes.fast.learning_rate", "recipes.fast.zoom"]
    axes.append("validation accuracy")
    assert spec["encoding"]["x"]["sort"] == axes
    assert [row["axis"] for row in lines] == axes * 3
    places = [0, 0, 0, 0, 1, 0.5, 1, 1, 1, 1, 0.25, 0.25]
    assert [row["position"] for row in lines] == pytest.approx(places)
    assert len({row["trial"] for row in lines}) == 3
    assert [(row["axis"], row["text"]) for row in labels] == [
        *((axes[0], text) for text in ("'a b'", "c")),
        *((axes[1], text) for text in ("0.01", "0.1", "1")),
        *((axes[2], text) for text in ("0", "0.2", "0.4")),
        *((axes[3], text) for text in ("0.5", "0.7", "0.9")),
    ]
    assert [row["position"] for row in labels] == pytest.approx([0, 1, *[0, 0.5, 1] * 3])


def test_the_picture_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    # One alone has a line, too.
    for number, tried in enumerate(([0.5], [0.5, 0.9, 0.6])):
        path = tmp_path / f"{number}.svg"
        ended = [told("c", 0.1, 0.1, accuracy) for accuracy in tried]
        ended = [Told([*one.overrides, f"+x={i}"], one.accuracy, []) for i, one in enumerate(ended)]
        picture.draw(path, space(SPACE), ended)
        drawn = path.read_text(encoding="utf-8")
        assert drawn.count('aria-roledescription="line mark"') == len(tried)
        assert ">recipes.fast.learning_rate</text>" in drawn
        assert capsys.readouterr().out == f"The picture: {path}\n"
