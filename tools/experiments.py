"""List DVC's experiments briefly: states, accuracies, and the parameters that differ.

    dvc exp show --json | python -m tools.experiments

`dvc exp show` has too many columns for a terminal. It also shows an experiment that is running or
has failed with the numbers of the commit it started from; here it has none.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from dvc.utils.flatten import flatten


def listed(states: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a table of text, from *states* as `dvc exp show --json` writes them.

    It has a row for the working tree, for each commit and for each of its experiments. The columns
    are the name, the experiment's state, each model's accuracy, and each parameter that differs.
    """
    rows = []
    for commit in states:
        rows.append(row(commit, "-"))
        for experiment in commit["experiments"] or []:
            # DVC keeps no executor once an experiment has succeeded.
            executor = experiment["executor"] or {"state": "success"}
            rows += [row(one, executor["state"].capitalize()) for one in experiment["revs"]]
    table = pd.DataFrame(rows).fillna("-")
    # The names of parameters contain a dot; the names of models do not.
    names = sorted(map(str, table), key=lambda name: "." in name)
    return table[[name for name in names if "." not in name or table[name].nunique() > 1]]


def row(one: dict[str, Any], state: str) -> dict[str, str]:
    """Return the name, the *state*, the accuracies and all parameters of *one* revision."""
    data = one["data"] or {"metrics": {}, "params": {}}
    found = {"experiment": one["name"] or one["rev"][:9], "state": state}
    if state in {"-", "Success"}:
        for path, metrics in data["metrics"].items():
            if "accuracy" in metrics.get("data", {}):
                found[Path(path).stem] = f"{metrics['data']['accuracy']:.4g}"
    # Only params.yaml: DVC also lists the exported models as parameters.
    params = flatten(data["params"].get("params.yaml", {}).get("data", {}))
    return found | {name: str(value) for name, value in params.items()}


if __name__ == "__main__":
    print("Each model's accuracy, and the parameters that differ:")
    print(listed(json.load(sys.stdin)).to_string(index=False))
