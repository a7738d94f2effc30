"""Put experiments that differ in their seed alone together: mean and spread of each model.

    dvc exp show --json | python -m tools.replicates Fashion-MNIST > benchmarks/fashion-mnist.csv

Of the experiments those on the named dataset count, each with the comparison that it committed.
"""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmarks.table import described


def succeeded(states: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the revision and the parameters of each experiment that has run.

    *states* are as `dvc exp show --json` writes them.
    """
    for commit in states:
        for experiment in commit["experiments"] or []:
            for one in experiment["revs"]:
                if one["data"] and (experiment["executor"] or {}).get("state") != "failed":
                    yield one["rev"], one["data"]["params"]["params.yaml"]["data"]


def comparison_of(revision: str) -> pd.DataFrame:
    """Return the comparison that *revision* holds, and what each model was trained on."""
    table = pd.read_csv(file_of(revision, "metrics/comparison.csv"), keep_default_na=False)
    times = [json.load(file_of(revision, f"metrics/time/{name}.json")) for name in table["model"]]
    return table.assign(machine=[described(time["machine"]) for time in times])


def file_of(revision: str, path: str) -> io.StringIO:
    """Return the content of a file as *revision* has it."""
    command = ["git", "show", f"{revision}:{path}"]
    return io.StringIO(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def over_seeds(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each recipe and model: mean and standard deviation over *runs*.

    The deviation is that of a sample, n - 1 in its denominator. Of one seed the last run counts.
    """
    keys = ["recipe", "model", "parameters"]
    once = runs.drop_duplicates([*keys, "seed"], keep="last")
    return once.groupby(keys, sort=False, as_index=False).agg(
        seeds=("seed", "count"),
        accuracy_mean=("accuracy", "mean"),
        accuracy_deviation=("accuracy", "std"),
        machine=("machine", lambda machines: " and ".join(sorted(set(machines)))),
    )


def main(dataset: str) -> None:
    """Read the experiments from standard input, print the table as CSV."""
    runs = [
        comparison_of(revision).assign(seed=params["train"]["seed"])
        for revision, params in succeeded(json.load(sys.stdin))
        if params["data"]["dataset"] == dataset
    ]
    if not runs:
        sys.exit(f"error: no experiment on {dataset}; `make experiments` lists what there is")
    table = over_seeds(pd.concat(runs).sort_values(["recipe", "model", "seed"]))
    print(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
