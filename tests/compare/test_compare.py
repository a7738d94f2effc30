"""The stage ``compare``: what it reads, what it writes, and which replicates it counts."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import settings
from stages.common.errors import StageError
from stages.common.files import write_json
from stages.compare.__main__ import main
from stages.compare.replicates import fingerprint
from tests.support.handmade import write_files
from tests.support.results import described
from tests.support.settings import DEFAULTS, training_settings

TRAIN = {
    **{"parameters": 5, "trainable_parameters": 4, "training_images": 20, "epochs": 1},
    **{"recipe": "notebook", "precision": "float32", "accuracy": 0.9},
}
FILES = {
    "train/mine.json": json.dumps(TRAIN),
    "time/mine.json": '{"train_seconds": 3.5, "machine": {}}',
    "dataset.json": described(np.eye(2)[[1, 1, 1]], ["3", "NA"]).model_dump_json(),
    "evaluate/mine.json": '{"accuracy": 0.5, "loss": 1.0}',
    "predictions/mine.csv": "actual,predicted,confidence\nNA,NA,0.9\nNA,3,0.8\nNA,NA,0.7\n",
    "history/mine.csv": "epoch,accuracy,loss,val_accuracy,val_loss\n1,0.5,1.0,0.25,2.0\n",
}


@pytest.fixture
def project(here: Path) -> Path:
    """Return metrics/ of the working folder, with all that the stage reads."""
    Path("params.yaml").write_text(yaml.safe_dump({"models": {"mine": {}}}))
    write_json(settings.path_of("mine"), DEFAULTS)
    write_files(here / "metrics", {name: content.encode() for name, content in FILES.items()})
    return here / "metrics"


def test_what_stages_write_is_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main()
    said = (project / "comparison.md").read_text()
    assert capsys.readouterr().out == said
    # A class that is called NA is no missing value.
    assert said.startswith(
        "mine (recipe notebook) was tested on 3 test images from letters in 1 of 2 classes. "
    )
    assert "| mine  |      5 |        50.00 | 20.77 to 93.85 |       | 3.5 s (1 epoch) |" in said
    row = (project / "comparison.csv").read_text().splitlines()[1]
    assert row.endswith(",notebook,float32,,")
    assert (project / "history.csv").read_text().splitlines()[1:] == [
        "mine,training,1,0.5,1.0", "mine,validation,1,0.25,2.0",
    ]  # fmt: skip
    columns = "first,second,difference,p_value,p_holm,first_only,second_only,pair\n"
    assert (project / "significance.csv").read_text() == columns


def test_models_scored_on_other_images_are_not_compared(project: Path) -> None:
    Path("params.yaml").write_text(yaml.safe_dump({"models": {"mine": {}, "other": {}}}))
    (project / "predictions/other.csv").write_text("actual,predicted,confidence\n3,3,0.9\n")
    with pytest.raises(StageError, match="other test images than those of mine"):
        main()


def test_replicates_count_where_they_are_of_the_same_training(project: Path) -> None:
    mark = fingerprint(training_settings().model_dump(), TRAIN, ["NA"] * 3)
    folder = project / "replicates/notebook"
    folder.mkdir(parents=True)
    for name, own, end in (("mine", mark, "5,0.0012"), ("mine", "0" * 12, ","), ("a", mark, ",")):
        (folder / "models.csv").write_text(
            f"model,fingerprint,seeds,accuracy_deviation\n{name},{own},5,0.0012\n"
        )
        main()
        assert (project / "comparison.csv").read_text().splitlines()[1].endswith(end)


def test_what_makes_a_training_a_replicate() -> None:
    actual = ["a", "b"]
    first = fingerprint(DEFAULTS, TRAIN, actual)
    free = {"seed": 7, "threads": 4, "versions": {"keras": "9"}, "precision": "bfloat16"}
    assert fingerprint(DEFAULTS | free, TRAIN | {"accuracy": 0.7, "epochs": 3}, actual) == first
    # Of before there were these settings.
    later = {"early_stopping": 3, "optimizer": "sgd", "weight_decay": 0.1}
    older = {key: value for key, value in DEFAULTS.items() if key not in later}
    assert fingerprint(older, TRAIN, actual) == first
    for key, value in (later | {"learning_rate": 0.5}).items():
        assert fingerprint(DEFAULTS | {key: value}, TRAIN, actual) != first
    for key, value in {"training_images": 19, "precision": "bfloat16", "parameters": 6}.items():
        assert fingerprint(DEFAULTS, TRAIN | {key: value}, actual) != first
    for others in (["b", "a"], ["ab"]):
        assert fingerprint(DEFAULTS, TRAIN, others) != first
