"""List DVC's experiments in short: states, accuracies, and the parameters that tell them apart.

    dvc exp show --json | python -m tools.experiments

`dvc exp show` has a column for every parameter, number and file of code; this keeps what fits a
terminal. And it gives an experiment that is queued, running or failed the numbers of the commit it
started from; here it has none.
"""

import json
import re
import sys
from typing import Any

import pandas as pd

ACCURACY = re.compile(r"metrics/evaluate/(.+)\.json")


def listed(states: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a table of text, from *states* as `dvc exp show --json` writes them.

    A row for the working tree, for each commit and each of its experiments. The columns are the
    name, the experiment's state, each model's accuracy, and each parameter that differs.
    """
    rows = []
    for commit in states:
        rows.append(row(commit, "-"))
        for experiment in commit["experiments"] or []:
            # DVC forgets who ran what has succeeded.
            executor = experiment["executor"] or {"state": "success"}
            rows += [row(one, executor["state"].capitalize()) for one in experiment["revs"]]
    table = pd.DataFrame(rows).fillna("-")
    names = [str(column) for column in table]
    accuracies = [name for name in names if name.endswith(" accuracy")]
    differing = [name for name in names if "." in name and table[name].nunique() > 1]
    return table[["experiment", "state", *accuracies, *differing]]


def row(one: dict[str, Any], state: str) -> dict[str, str]:
    """Return the name, the *state*, the accuracies and all parameters of *one* revision."""
    data = one["data"] or {"metrics": {}, "params": {}}
    found = {"experiment": one["name"] or one["rev"][:9], "state": state}
    if state in {"-", "Success"}:
        for path, metrics in data["metrics"].items():
            if (match := ACCURACY.fullmatch(path)) and "accuracy" in metrics.get("data", {}):
                found[f"{match[1]} accuracy"] = f"{metrics['data']['accuracy']:.4g}"
    # Not which models are exported, which DVC takes for parameters as well.
    params = data["params"].get("params.yaml", {})
    for name, values in pd.json_normalize(params.get("data", {})).items():
        found[str(name)] = str(values[0])
    return found


def main() -> None:
    """Read the experiments from standard input, print the table."""
    print(listed(json.load(sys.stdin)).to_string(index=False))


if __name__ == "__main__":
    main()
