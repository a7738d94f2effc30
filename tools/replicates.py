"""Put the trials of a sweep that differ in their seed alone together.

    python -m tools.replicates FOLDER EXPERIMENT...

Writes to FOLDER, for each model and for the ensemble of all: `accuracy.csv`, mean and spread over
the seeds with a 95 % interval of the mean; and `differences.csv`, for each pair, how far one is
above the other on the same seed. `make replicates` runs the sweep first.
"""

import io
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import dvc.api
import numpy as np
import pandas as pd
import yaml
from scipy.stats import t

from benchmarks.table import described
from stages.common.files import write_text
from tools.sweep.results import revisions, shown

ENSEMBLE = "ensemble"


class Mean(NamedTuple):
    """The mean of a few numbers, their standard deviation, and the mean's 95 % interval."""

    mean: float
    deviation: float
    low: float
    high: float


def mean_of(values: Sequence[float]) -> Mean:
    """Return the mean of *values*, two or more, with Student's interval.

    The deviation is that of a sample, n - 1 in its denominator.
    """
    count = len(values)
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(t.ppf(0.975, count - 1)) * deviation / count**0.5
    return Mean(mean, deviation, mean - half, mean + half)


def vote(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """Return the class (n,) that the mean of the models' *probabilities* (n, classes) favours."""
    favoured: np.ndarray = np.mean(probabilities, axis=0).argmax(axis=1)
    return favoured


def run_of(name: str) -> pd.DataFrame:
    """Return what the experiment *name* reached: a row for each model, and one for the ensemble."""
    table = table_of(name, "metrics/comparison.csv")[["model", "parameters", "accuracy"]]
    models = list(table["model"])
    times = [json.loads(shown(name, f"metrics/time/{model}.json")) for model in models]
    table["seconds"] = [time["train_seconds"] for time in times]
    classes = table_of(name, f"metrics/per_class/{models[0]}.csv")["class"].to_numpy()
    actual = table_of(name, f"metrics/predictions/{models[0]}.csv")["actual"].to_numpy()
    predicted = classes[vote([probabilities_of(name, model) for model in models])]
    together = {column: table[column].sum() for column in ("parameters", "seconds")}
    row = {"model": ENSEMBLE, "accuracy": (predicted == actual).mean(), **together}
    seed = yaml.safe_load(shown(name, "params.yaml"))["train"]["seed"]
    table = pd.concat([table, pd.DataFrame([row])], ignore_index=True)
    return table.assign(seed=seed, machine=described(times[0]["machine"]))


def table_of(name: str, path: str) -> pd.DataFrame:
    """Return a table as the experiment *name* has it; what may be a class's name stays text."""
    names = {column: str for column in ("class", "actual", "predicted", "model")}
    return pd.read_csv(io.StringIO(shown(name, path)), dtype=names, keep_default_na=False)


def probabilities_of(name: str, model: str) -> np.ndarray:
    """Return the probabilities (n, classes) of *model* in the experiment *name*."""
    path = f"metrics/probabilities/{model}.npy"
    content = dvc.api.read(path, rev=revisions()[name], mode="rb")
    probabilities: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    return probabilities


def accuracies(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each model: its accuracy and its training time over the seeds of *runs*."""
    rows = []
    for model, of_model in runs.groupby("model", sort=False):
        accuracy, seconds = mean_of(of_model["accuracy"]), mean_of(of_model["seconds"])
        rows.append(
            {
                "model": model,
                "parameters": of_model["parameters"].iloc[0],
                "seeds": len(of_model),
                **{f"accuracy_{key}": value for key, value in accuracy._asdict().items()},
                "seconds_mean": seconds.mean,
                "seconds_deviation": seconds.deviation,
                "machine": " and ".join(sorted(set(of_model["machine"]))),
            }
        )
    return pd.DataFrame(rows)


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair of models: the first's accuracy above the second's, by seed."""
    by_seed = runs.pivot_table("accuracy", "seed", "model", sort=False)
    return pd.DataFrame(
        [
            {
                "first": first,
                "second": second,
                **mean_of(by_seed[first] - by_seed[second])._asdict(),
            }
            for first, second in itertools.combinations(by_seed, 2)
        ]
    )


def main(folder: Path, names: Sequence[str]) -> None:
    """Write both tables of the experiments *names*."""
    if len(names) < 2:  # noqa: PLR2004
        sys.exit("error: a spread takes two seeds or more")
    runs = pd.concat([run_of(name) for name in names])
    for name, table in (("accuracy", accuracies(runs)), ("differences", differences(runs))):
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_text(folder / f"{name}.csv", text)
        print(table.drop(columns="machine", errors="ignore").to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
