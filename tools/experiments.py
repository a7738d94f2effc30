"""List DVC's experiments briefly: ``python -m tools.experiments``.

`dvc exp show` has too many columns for a terminal. It also shows an experiment that is running or
has failed with the numbers of the commit it started from; here it has none.
"""

import csv
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from stages.common.command import run
from tools.start import tell_of_detached_head
from tools.store import check_readable


def main() -> None:
    """Print states, accuracies, and the parameters that differ."""
    tell_of_detached_head()
    check_readable()
    shown = subprocess.run(["dvc", "exp", "show", "--csv"], stdout=subprocess.PIPE, check=False)
    if shown.returncode != 0:
        sys.exit(shown.returncode)  # DVC has printed why.
    print("Each model's accuracy, and the parameters that differ:")
    print(listed(csv.DictReader(shown.stdout.decode().splitlines())).to_string(index=False))


def listed(shown: Iterable[Mapping[str, str]]) -> pd.DataFrame:
    """Return a table of text, from the rows that `dvc exp show --csv` writes.

    It has a row for the working tree, for each commit and for each of its experiments. The columns
    are the name, the experiment's state, each model's accuracy, and each parameter that differs.
    """
    rows = []
    for one in shown:
        # DVC has no state for a commit, and none for an experiment that has succeeded.
        state = one.get("State") or ("-" if one["typ"] == "baseline" else "Success")
        row = {"experiment": one["Experiment"] or one["rev"], "state": state}
        for name, value in one.items():
            if name.rpartition(":")[2] == "accuracy":
                # DVC writes "!" for a damaged file.
                own = state in {"-", "Success"} and value not in {"", "!"}
                row[Path(name).stem] = f"{float(value):.4g}" if own else "-"
            # Not a path, nor what only the exports have.
            elif "." in name and "/" not in name:
                row[name] = value or "-"
        rows.append(row)
    table = pd.DataFrame(rows)
    return table[[name for name in map(str, table) if "." not in name or table[name].nunique() > 1]]


if __name__ == "__main__":
    run(main)
