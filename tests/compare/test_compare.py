"""The stage ``compare`` on files that are not what the other stages write: one line each."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import settings
from stages.common.errors import StageError
from stages.common.files import write_json
from stages.compare.__main__ import main
from stages.compare.replicates import fingerprint
from tests.support.settings import DEFAULTS, training_settings

TRAIN = {
    **{"parameters": 5, "trainable_parameters": 4, "training_images": 20, "epochs": 1},
    **{"recipe": "notebook", "precision": "float32", "batch_size": 8},
}
HISTORY = "epoch,accuracy,loss,val_accuracy,val_loss\n1,0.5,1.0,0.5,1.0\n"
FILES = {
    "train/mine.json": json.dumps(TRAIN),
    "time/mine.json": '{"train_seconds": 3, "machine": {}}',
    "evaluate/mine.json": '{"accuracy": 0.5, "loss": 1.0}',
    "predictions/mine.csv": "actual,predicted,confidence\nNA,NA,0.9\nNA,3,0.8\nNA,NA,0.7\n",
    "history/mine.csv": HISTORY,
}
MEND = "; remove it and run `dvc repro`"
DAMAGED = "damaged; `make verify` takes it away and brings it back"
COLUMNS = "epoch, accuracy, loss, val_accuracy, val_loss"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return metrics/ of the working folder, with all that the stage reads."""
    monkeypatch.chdir(tmp_path)
    data: dict[str, Any] = {
        "dataset": "letters",
        "sources": [],
        "path": None,
        "size": None,
        "limit": None,
    }
    params = {"data": data, "models": {"mine": {}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    write_json(settings.path_of("mine"), DEFAULTS)
    for name, content in FILES.items():
        (tmp_path / "metrics" / name).parent.mkdir(parents=True)
        (tmp_path / "metrics" / name).write_text(content)
    return tmp_path / "metrics"


def without(key: str) -> str:
    return json.dumps({name: value for name, value in TRAIN.items() if name != key})


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        *[(name, None, ": not there; `dvc repro` writes it") for name in FILES],
        *[(name, "", f": {DAMAGED}") for name in FILES],
        *[(name, FILES[name][:20], f": {DAMAGED}") for name in FILES if name.endswith("json")],
        ("train/mine.json", without("recipe"), f": recipe: this key is missing{MEND}"),
        *[
            (name, "[]", f": expected a block of keys, got []{MEND}")
            for name in FILES
            if name.endswith("json")
        ],
        (
            "time/mine.json",
            '{"train_seconds": "3"}',
            f": train_seconds: should be a number, got '3'{MEND}",
        ),
        (
            "evaluate/mine.json",
            '{"accuracy": 50}',
            f": accuracy: should be less than or equal to 1, got 50{MEND}",
        ),
        # Cut in a row, cut before the first, another run's, text, a row too long.
        (
            "history/mine.csv",
            HISTORY + "2,0.6,0.",
            f": expected numbers under val_accuracy, val_loss{MEND}",
        ),
        ("history/mine.csv", HISTORY[:42], f": expected numbers under {COLUMNS}{MEND}"),
        ("history/mine.csv", HISTORY.replace("val_", "v"), "under val_accuracy, val_loss" + MEND),
        ("history/mine.csv", HISTORY.replace("0.5,1", "half,1", 1), "under accuracy" + MEND),
        ("history/mine.csv", HISTORY + "2,1,1,1,1,1,1\n", f": {DAMAGED}"),
        (
            "predictions/mine.csv",
            "actual\n0\n",
            f": expected classes under actual, predicted{MEND}",
        ),
    ],
)
def test_a_wrong_file_is_told_in_one_line_with_what_to_do_and_nothing_is_written(
    project: Path, name: str, content: str | None, told: str
) -> None:
    path = project / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(StageError) as caught:
        main()
    line = str(caught.value)
    assert (line.startswith(f"metrics/{name}: "), line.endswith(told)) == (True, True), line
    assert not list(project.glob("comparison.*"))


def test_what_the_stages_write_is_compared_whatever_else_they_add(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main()
    said = capsys.readouterr().out
    assert said.startswith(
        "mine (recipe notebook) was tested on 3 test images of letters in 1 class. mine is right"
    )
    assert "| mine  |" in said
    row: dict[str, Any] = dict(
        zip(
            *[line.split(",") for line in (project / "comparison.csv").read_text().splitlines()],
            strict=True,
        )
    )
    assert (row["model"], row["accuracy"], row["train_seconds"]) == ("mine", "0.5", "3.0")
    # Two of three are right.
    limits = float(row["accuracy_low"]), float(row["accuracy_high"])
    assert limits == pytest.approx((0.2077, 0.9385), abs=5e-5)


def test_models_scored_on_other_images_are_not_compared(project: Path) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump(params | {"models": {"mine": {}, "other": {}}}))
    (project / "predictions/other.csv").write_text("actual,predicted,confidence\n3,3,0.9\n")
    with pytest.raises(StageError) as caught:
        main()
    assert str(caught.value) == (
        f"metrics/predictions/other.csv: other test images than those of mine{MEND}"
    )


def test_replicates_count_where_they_are_of_the_same_training(project: Path) -> None:
    mark = fingerprint(training_settings().model_dump(), TRAIN, ["NA"] * 3)
    folder = project / "replicates/notebook"
    folder.mkdir(parents=True)
    others = (("mine", "0" * 12), ("other", mark))
    for row, expected in ((("mine", mark), "5,0.0012"), *((row, ",") for row in others)):
        (folder / "models.csv").write_text(
            f"model,fingerprint,seeds,accuracy_deviation\n{','.join(row)},5,0.0012\n"
        )
        main()
        assert (project / "comparison.csv").read_text().splitlines()[1].endswith(expected)


@pytest.mark.parametrize(
    ("settings", "trained", "actual", "same"),
    [
        ({"seed": 7}, {}, ["a", "b"], True),
        ({"threads": 4, "versions": {"keras": "9"}, "precision": "bfloat16"}, {}, ["a", "b"], True),
        ({}, {"accuracy": 0.7, "epochs": 3}, ["a", "b"], True),
        ({"learning_rate": 0.5}, {}, ["a", "b"], False),
        ({}, {"training_images": 19}, ["a", "b"], False),
        ({}, {"precision": "bfloat16"}, ["a", "b"], False),
        ({}, {"parameters": 6}, ["a", "b"], False),
        ({}, {}, ["b", "a"], False),
        ({}, {}, ["ab"], False),
    ],
)
def test_what_makes_a_training_a_replicate(
    settings: dict[str, Any], trained: dict[str, Any], actual: list[str], same: bool
) -> None:
    first = fingerprint(DEFAULTS, TRAIN, ["a", "b"])
    assert (fingerprint(DEFAULTS | settings, TRAIN | trained, actual) == first) == same
