"""List DVC's experiments in short: accuracies, and the parameters that tell them apart.

    dvc exp show --csv --only-changed | python -m tools.experiments

`dvc exp show` has a column for every parameter, number and file of code; this keeps what fits a
terminal.
"""

import re
import sys

import pandas as pd

ACCURACY = re.compile(r"metrics/evaluate/(.+)\.json:accuracy")


def shortened(table: pd.DataFrame) -> pd.DataFrame:
    """Return the experiments of *table*, text as `dvc exp show --csv` writes it.

    The columns are the experiment's name, or its revision where it has none, each model's
    accuracy, and each parameter: a column whose name has a dot and no slash.
    """
    names = table["rev"]
    if "Experiment" in table:
        names = table["Experiment"].fillna(names)
    kept = {"experiment": names}
    for column in table.columns:
        if match := ACCURACY.fullmatch(column):
            kept[f"{match[1]} accuracy"] = table[column]
        elif "." in column and "/" not in column:
            kept[column] = table[column]
    return pd.DataFrame(kept).fillna("-")


def main() -> None:
    """Read the table from standard input, print the short one."""
    table = pd.read_csv(sys.stdin, dtype=str)
    print(shortened(table).to_string(index=False))


if __name__ == "__main__":
    main()
