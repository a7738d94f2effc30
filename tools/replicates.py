"""Put the trials of the last sweep that differ in their seed alone together.

    python -m tools.replicates [FOLDER]

Writes for each recipe, to metrics/replicates or FOLDER, a row for each model and one for the
ensemble of all (RECIPE.csv: means over the seeds, their spread and 95 % intervals), and a row for
each pair (RECIPE-differences.csv: how far the first is above the second on the same seed).
`make replicates` runs the sweep first.
"""

import io
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml
from dvc.api import DVCFileSystem
from scipy.stats import t

from benchmarks.table import described
from stages.common.files import write_text
from tools.sweep.repository import STATE, TRIALS, revisions

FOLDER = "metrics/replicates"
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


def run_of(revision: str) -> pd.DataFrame:
    """Return what an experiment reached: a row for each model, and one for the ensemble."""
    files = DVCFileSystem(rev=revision)

    def table_of(path: str) -> pd.DataFrame:
        # A class may be called "3", or "NA".
        names = {column: str for column in ("class", "actual", "model")}
        text = io.StringIO(files.read_text(path))
        return pd.read_csv(text, dtype=names, keep_default_na=False)

    def probabilities_of(model: str) -> np.ndarray:
        content = files.read_bytes(f"metrics/probabilities/{model}.npy")
        probabilities: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
        return probabilities

    table = table_of("metrics/comparison.csv")[["model", "parameters", "accuracy"]]
    models = list(table["model"])
    times = [json.loads(files.read_text(f"metrics/time/{model}.json")) for model in models]
    table["seconds"] = [time["train_seconds"] for time in times]
    classes = table_of(f"metrics/per_class/{models[0]}.csv")["class"].to_numpy()
    actual = table_of(f"metrics/predictions/{models[0]}.csv")["actual"].to_numpy()
    predicted = classes[vote([probabilities_of(model) for model in models])]
    together = {column: table[column].sum() for column in ("parameters", "seconds")}
    row = {"model": ENSEMBLE, "accuracy": (predicted == actual).mean(), **together}
    train = yaml.safe_load(files.read_text("params.yaml"))["train"]
    return pd.concat([table, pd.DataFrame([row])], ignore_index=True).assign(
        recipe=train["recipe"], seed=train["seed"], machine=described(times[0]["machine"])
    )


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each model: its accuracy and its training time over the seeds of *runs*."""
    rows = []
    for model, of_model in runs.groupby("model", sort=False):
        row = {"model": model, "parameters": of_model["parameters"].iloc[0], "seeds": len(of_model)}
        for column in ("accuracy", "seconds"):
            found = mean_of(of_model[column])._asdict()
            row |= {f"{column}_{key}": value for key, value in found.items()}
        rows.append(row | {"machine": " and ".join(sorted(set(of_model["machine"])))})
    return pd.DataFrame(rows)


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair of models: the first's accuracy above the second's, by seed."""
    by_seed = runs.pivot_table("accuracy", "seed", "model", sort=False)
    return pd.DataFrame(
        [
            {"first": first, "second": second}
            | mean_of(by_seed[first] - by_seed[second])._asdict()
            for first, second in itertools.combinations(by_seed, 2)
        ]
    )


def tables(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of *runs*, each with its name."""
    for recipe, of_recipe in runs.groupby("recipe", sort=False):
        seeds = of_recipe.groupby("seed")["model"]
        if any(models.duplicated().any() for _, models in seeds):
            raise SystemExit("error: SET: several values for one key; only the seed may differ")
        if len(seeds) < 2:  # noqa: PLR2004
            raise SystemExit("error: SEEDS: a spread takes two or more")
        yield f"{recipe}", means(of_recipe)
        yield f"{recipe}-differences", differences(of_recipe)


def main(folder: str = FOLDER) -> None:
    """Write the tables of the last sweep's trials."""
    kept = revisions()
    names = pd.read_csv(STATE / TRIALS)["experiment"]
    for name, table in tables(pd.concat([run_of(kept[name]) for name in names])):
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_text(Path(folder) / f"{name}.csv", text)
        print(f"{folder}/{name}.csv")
        print(table.drop(columns="machine", errors="ignore").to_string(index=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
