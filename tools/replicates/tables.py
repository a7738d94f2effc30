"""How much of a difference is the seed's: tables of runs that differ in their seed alone."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from stages.compare.replicates import MODELS

DIFFERENCES = "differences.csv"


class Mean(NamedTuple):
    """The mean of a few numbers, their standard deviation, and the mean's 95 % interval."""

    mean: float
    deviation: float
    low: float
    high: float


def mean_of(values: "pd.Series[float]") -> Mean:
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


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each model: its accuracy and its training time over the seeds of *runs*."""
    rows = []
    for model, of_model in runs.groupby("model", sort=False):
        row = {"model": model, "parameters": of_model["parameters"].iloc[0], "seeds": len(of_model)}
        for column in ("accuracy", "seconds"):
            found = mean_of(of_model[column])._asdict()
            row |= {f"{column}_{key}": value for key, value in found.items()}
        row["machine"] = " and ".join(sorted(set(of_model["machine"])))
        # Of what a run's training has to be to count as one of these; blank if they differ.
        marks = set(of_model["fingerprint"])
        rows.append(row | {"fingerprint": marks.pop() if len(marks) == 1 else ""})
    return pd.DataFrame(rows)


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair of models: the first's accuracy above the second's, by seed."""
    by_seed = runs.pivot_table("accuracy", "seed", "model", sort=False)
    rows = []
    for first, second in itertools.combinations(by_seed, 2):
        difference = by_seed[first] - by_seed[second]
        row = {"first": first, "second": second, "seeds": len(difference)}
        rows.append(row | mean_of(difference)._asdict())
    return pd.DataFrame(rows)


def tables(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of *runs*, each with the path for it."""
    for recipe, of_recipe in runs.groupby("recipe", sort=False):
        yield f"{recipe}/{MODELS}", means(of_recipe)
        yield f"{recipe}/{DIFFERENCES}", differences(of_recipe)
