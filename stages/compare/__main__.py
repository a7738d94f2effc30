"""Put the models side by side: ``python -m stages.compare``.

Reads the metrics of every model under ``models:`` in params.yaml; writes
metrics/comparison.csv and .md, and metrics/history.csv for the plots of all models together.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pandas.api.types import is_numeric_dtype
from pydantic import Field

from stages import params
from stages.common.command import run
from stages.common.errors import StageError
from stages.common.files import read_json, reading, write_text
from stages.common.schema import Settings
from stages.compare.comparison import compare, long_history, to_markdown

METRICS = Path("metrics")
HISTORY = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
REMEDY = "; remove it and run `dvc repro`"


class Trained(Settings, extra="ignore"):
    """What is compared of metrics/train/NAME.json."""

    parameters: int
    trainable_parameters: int
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
    table = compare({name: results(name) for name in names}, images_tested(names[0]))
    markdown = to_markdown(table)
    history = long_history({name: read_table("history", name, HISTORY) for name in names})
    write_text(METRICS / "comparison.csv", table.to_csv(index=False, lineterminator="\n"))
    write_text(METRICS / "comparison.md", markdown)
    write_text(METRICS / "history.csv", history.to_csv(index=False, lineterminator="\n"))
    print(markdown)


def results(name: str) -> dict[str, Any]:
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
    return found


def images_tested(name: str) -> int:
    """Return how many images the model *name* was scored on."""
    return int(read_table("per_class", name, ["support"])["support"].sum())


def read_table(folder: str, name: str, columns: Sequence[str]) -> pd.DataFrame:
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
