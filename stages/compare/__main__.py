"""Compare all models: ``python -m stages.compare``.

Reads the settings and metrics of every model under ``models:`` in params.yaml; writes
metrics/comparison.csv and .md, metrics/significance.csv, and metrics/history.csv for plots of all
models.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from stages import dataset, params, settings
from stages.common.command import run
from stages.common.errors import StageError
from stages.common.files import read_json, write_text
from stages.compare.comparison import LEGEND, compare, long_history, to_markdown
from stages.compare.replicates import fingerprint, spread
from stages.compare.significance import pairs
from stages.tables import read_table
from stages.verdict import verdict

METRICS = Path("metrics")


def main() -> None:
    """Write the comparison of all models and print it."""
    names = list(params.section(params.read(), "models"))
    predictions = {name: read_table(METRICS / "predictions" / f"{name}.csv") for name in names}
    actual = predictions[names[0]]["actual"]
    for name in names:
        if not predictions[name]["actual"].equals(actual):
            raise StageError(
                f"{METRICS}/predictions/{name}.csv: other test images than those of {names[0]}; "
                "remove it and run `dvc repro`"
            )
    correct = pd.DataFrame({n: table["predicted"] == actual for n, table in predictions.items()})
    significance = pairs(correct)
    table = compare({name: results(name, actual) for name in names}, correct, significance)
    history = long_history({n: read_table(METRICS / "history" / f"{n}.csv") for n in names})
    text = f"{verdict(table, significance, dataset.read())}\n\n{to_markdown(table)}{LEGEND}"
    tables = {"comparison": table, "significance": significance, "history": history}
    for part, content in tables.items():
        write_text(METRICS / f"{part}.csv", content.to_csv(index=False, lineterminator="\n"))
    write_text(METRICS / "comparison.md", text)
    print(text, end="")


def results(name: str, actual: Iterable[str]) -> dict[str, Any]:
    """Return the results of the model *name*.

    Raises:
        StageError: a file is missing or damaged.
    """
    found: dict[str, Any] = {}
    # evaluate comes after train, since its accuracy, on the test images, is the one that counts.
    for folder in ("train", "time", "evaluate"):
        found |= read_json(METRICS / folder / f"{name}.json")
    mark = fingerprint(settings.read(name).model_dump(), found, actual)
    return found | spread(found["recipe"], name, mark)


if __name__ == "__main__":
    run(main)
