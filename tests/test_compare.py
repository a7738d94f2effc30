"""The stage ``compare`` on files that are not what the other stages write: one line each."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.common.errors import StageError
from stages.compare.__main__ import main

TRAIN = {
    **{"parameters": 5, "trainable_parameters": 4, "epochs": 1},
    **{"recipe": "notebook", "precision": "float32", "batch_size": 8},
}
HISTORY = "epoch,accuracy,loss,val_accuracy,val_loss\n1,0.5,1.0,0.5,1.0\n"
FILES = {
    "train/mine.json": json.dumps(TRAIN),
    "time/mine.json": '{"train_seconds": 3, "machine": {}}',
    "evaluate/mine.json": '{"accuracy": 0.5, "loss": 1.0}',
    "per_class/mine.csv": "class,precision,recall,f1,support\n0,0.5,0.5,0.5,10\n",
    "history/mine.csv": HISTORY,
}
MEND = "; remove it and run `dvc repro`"
DAMAGED = "damaged; `make verify` takes it away and brings it back"
COLUMNS = "epoch, accuracy, loss, val_accuracy, val_loss"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with all that the stage reads."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"models": {"mine": {}}}))
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
        ("per_class/mine.csv", "class\n0\n", f": expected numbers under support{MEND}"),
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
    assert "| mine  |" in capsys.readouterr().out
    row: dict[str, Any] = dict(
        zip(
            *[line.split(",") for line in (project / "comparison.csv").read_text().split()],
            strict=True,
        )
    )
    assert (row["model"], row["accuracy"], row["train_seconds"]) == ("mine", "0.5", "3.0")
