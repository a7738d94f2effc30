"""Put the models side by side: ``python -m stages.compare``.

Reads the metrics of every model under ``models:`` in params.yaml; writes
metrics/comparison.csv and .md, and metrics/history.csv for the plots of all models together.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from stages import params
from stages.common.command import run
from stages.common.errors import StageError
from stages.common.files import read_json, write_text
from stages.compare.comparison import compare, long_history, to_markdown

METRICS = Path("metrics")


def main() -> None:
    """Write the comparison of all models and print it."""
    names = list(params.section(params.read(), "models"))
    if not names:
        raise StageError("params.yaml: models: name at least one model")
    table = compare({name: results(name) for name in names}, images_tested(names[0]))
    markdown = to_markdown(table)
    history = long_history({name: read_table("history", name) for name in names})
    write_text(METRICS / "comparison.csv", table.to_csv(index=False, lineterminator="\n"))
    write_text(METRICS / "comparison.md", markdown)
    write_text(METRICS / "history.csv", history.to_csv(index=False, lineterminator="\n"))
    print(markdown)


def results(name: str) -> dict[str, Any]:
    """Return what the stages found out about the model *name*."""
    train, time, evaluate = (
        read_json(METRICS / stage / f"{name}.json") for stage in ("train", "time", "evaluate")
    )
    return {
        **{
            key: train[key]
            for key in ("parameters", "trainable_parameters", "epochs", "recipe", "precision")
        },
        "accuracy": evaluate["accuracy"],
        "train_seconds": time["train_seconds"],
    }


def images_tested(name: str) -> int:
    """Return how many images the model *name* was scored on."""
    return int(read_table("per_class", name)["support"].sum())


def read_table(stage: str, name: str) -> pd.DataFrame:
    """Return the table that *stage* wrote for the model *name*."""
    return pd.read_csv(METRICS / stage / f"{name}.csv")


if __name__ == "__main__":
    run(main)
