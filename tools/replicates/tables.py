"""How much of a difference is due to the seed: tables of runs that differ only in their seed."""

import itertools
from collections.abc import Iterator

import pandas as pd
from scipy.stats import t

from stages.compare.replicates import MODELS

DIFFERENCES = "differences.csv"


def spread(values: "pd.Series[float]") -> dict[str, float]:
    """Return the mean of *values*, two or more, their deviation, and the mean's 95 % interval.

    The deviation is that of a sample, with n - 1 in the denominator; the interval is Student's.
    """
    mean, deviation = values.mean(), values.std(ddof=1)
    half = float(t.ppf(0.975, len(values) - 1)) * deviation / len(values) ** 0.5
    return {"mean": mean, "deviation": deviation, "low": mean - half, "high": mean + half}


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each model: its accuracy and its training time over the seeds of *runs*."""
    rows = []
    for model, of_model in runs.groupby("model", sort=False):
        row = {"model": model, "parameters": of_model["parameters"].iloc[0], "seeds": len(of_model)}
        for column in ("accuracy", "seconds"):
            row |= {f"{column}_{key}": value for key, value in spread(of_model[column]).items()}
        row["machine"] = " and ".join(sorted(set(of_model["machine"])))
        # What another run's training must match to count as one of these; empty if these differ.
        marks = set(of_model["fingerprint"])
        rows.append(row | {"fingerprint": marks.pop() if len(marks) == 1 else ""})
    return pd.DataFrame(rows)


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair of models: the first's lead in accuracy on the same seed."""
    by_seed = runs.pivot_table("accuracy", "seed", "model", sort=False)
    return pd.DataFrame(
        {"first": first, "second": second, "seeds": len(by_seed)}
        | spread(by_seed[first] - by_seed[second])
        for first, second in itertools.combinations(by_seed, 2)
    )


def tables(runs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables of *runs*, each with the path for it."""
    for recipe, of_recipe in runs.groupby("recipe", sort=False):
        yield f"{recipe}/{MODELS}", means(of_recipe)
        yield f"{recipe}/{DIFFERENCES}", differences(of_recipe)
