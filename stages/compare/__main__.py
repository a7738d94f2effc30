"""Put the models side by side: ``python -m stages.compare``.

Reads the settings and metrics of every model under ``models:`` in params.yaml; writes
metrics/comparison.csv and .md, metrics/significance.csv, and metrics/history.csv for the plots of
all models together.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pandas.api.types import is_numeric_dtype
from pydantic import Field

from stages import params, settings
from stages.common.command import run
from stages.common.errors import StageError
from stages.common.files import read_json, reading, write_text
from stages.common.schema import Settings
from stages.compare.comparison import LEGEND, compare, long_history, to_markdown
from stages.compare.replicates import fingerprint, spread
from stages.compare.significance import pairs
from stages.tables import read_table
from stages.verdict import images_tested, verdict

METRICS = Path("metrics")
HISTORY = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
PREDICTIONS = ("actual", "predicted")
REMEDY = "; remove it and run `dvc repro`"


class Trained(Settings, extra="ignore"):
    """What is compared of metrics/train/NAME.json."""

    parameters: int
    trainable_parameters: int
    training_images: int
    epochs: int
    recipe: str
    precision: str


class Timed(Settings, extra="ignore"):
    """What is compared of metrics/time/NAME.json."""

    train_seconds: float


class Evaluated(Settings, extra="ignore"):
    """What is compared of metrics/evaluate/NAME.json."""

    accuracy: Annotated[float, Field(ge=0, le=1)]


SCHEMAS: dict[str, type[Settings]] = {"train": Trained, "time": Timed, "evaluate": Evaluated}


def main() -> None:
    """Write the comparison of all models and print it."""
    names = list(params.section(params.read(), "models"))
    if not names:
        raise StageError("params.yaml: models: name at least one model")
    predictions = {name: read_predictions(name) for name in names}
    actual = predictions[names[0]]["actual"]
    for name in names:
        if not predictions[name]["actual"].equals(actual):
            path = METRICS / "predictions" / f"{name}.csv"
            raise StageError(f"{path}: other test images than those of {names[0]}{REMEDY}")
    correct = pd.DataFrame(
        {name: table["predicted"] == actual for name, table in predictions.items()}
    )
    significance = pairs(correct)
    table = compare({name: results(name, actual) for name in names}, correct, significance)
    history = long_history({name: read_numbers("history", name, HISTORY) for name in names})
    images = images_tested(params.name_of(params.read_data()), actual)
    said = f"{verdict(table, significance, images)}\n\n{to_markdown(table)}{LEGEND}"
    tables = {"comparison": table, "significance": significance, "history": history}
    for part, content in tables.items():
        write_text(METRICS / f"{part}.csv", content.to_csv(index=False, lineterminator="\n"))
    write_text(METRICS / "comparison.md", said)
    print(said, end="")


def results(name: str, actual: Iterable[str]) -> dict[str, Any]:
    """Return what the stages found out about the model *name*.

    Raises:
        StageError: one of the files does not hold it.
    """
    found: dict[str, Any] = {}
    for folder, schema in SCHEMAS.items():
        path = METRICS / folder / f"{name}.json"
        content = read_json(path)
        try:
            found |= schema.parse(content, str(path)).model_dump()
        except StageError as error:
            raise StageError(f"{error}{REMEDY}") from None
    mark = fingerprint(settings.read(name).model_dump(), found, actual)
    return found | spread(found["recipe"], name, mark)


def read_predictions(name: str) -> pd.DataFrame:
    """Return ``actual`` and ``predicted``, the classes' names, of each test image.

    Raises:
        StageError: there is no such file, or something else in it.
    """
    path = METRICS / "predictions" / f"{name}.csv"
    table = read_table(path)
    if table.empty or not {*PREDICTIONS} <= {*table}:
        raise StageError(f"{path}: expected classes under {', '.join(PREDICTIONS)}{REMEDY}")
    return table


def read_numbers(folder: str, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the table of the model *name* in *folder*, with numbers in all of *columns*.

    Raises:
        StageError: there is no such file, or something else in it.
    """
    path = METRICS / folder / f"{name}.csv"
    with reading(path):
        table = pd.read_csv(path)
    wrong = [
        column
        for column in columns
        if column not in table or not is_numeric_dtype(table[column]) or table[column].hasnans
    ]
    if wrong or table.empty:
        raise StageError(f"{path}: expected numbers under {', '.join(wrong or columns)}{REMEDY}")
    return table


if __name__ == "__main__":
    run(main)
