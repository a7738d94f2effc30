"""The comparison of models: a table, and notes derived from its numbers."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from stages.verdict import INTERVAL, LEVEL, NAMED, SEEDS, against, and_, probability

COLUMNS = [
    "model", "parameters", "trainable_parameters", "accuracy", "train_seconds", "epochs", "note",
    "accuracy_low", "accuracy_high", "recipe", "precision", "seeds", "seeds_deviation",
]  # fmt: skip
LEGEND = f"""
*95 % interval*: {INTERVAL}
*Seeds*: {SEEDS} Blank until `make replicates` has trained several.
"""


def compare(
    results: Mapping[str, Mapping[str, Any]], correct: pd.DataFrame, pairs: pd.DataFrame
) -> pd.DataFrame:
    """Return the comparison, one row per model in the order given.

    *results* has for each model ``parameters``, ``trainable_parameters``, ``accuracy`` (0 to 1),
    ``train_seconds``, ``epochs``, ``recipe`` and ``precision``, and ``seeds`` and
    ``seeds_deviation`` of its replicates, or None. *correct* and *pairs* are what
    :func:`stages.compare.significance.pairs` takes and returns.
    """
    table = pd.DataFrame([{"model": name, **values} for name, values in results.items()])
    table["seeds"] = table["seeds"].astype("Int64")
    # Wilson's (1927, https://doi.org/10.1080/01621459.1927.10502953): about other test images, not
    # about other trainings.
    right = correct[list(results)].sum().to_numpy()
    low, high = proportion_confint(right, len(correct), method="wilson")
    table["accuracy_low"], table["accuracy_high"] = low, high
    table["note"] = notes(table, pairs)
    return table[COLUMNS]


def notes(table: pd.DataFrame, pairs: pd.DataFrame) -> list[str]:
    """Return what stands out about each model; nothing does if all are equal."""
    seconds, parameters = table["train_seconds"], table["parameters"]
    holds: dict[str, Any] = {}
    if seconds.nunique() > 1:
        holds |= {"fastest": seconds == seconds.min(), "slowest": seconds == seconds.max()}
    if parameters.nunique() > 1:
        holds["fewest parameters"] = parameters == parameters.min()
    if holds or table["accuracy"].nunique() > 1:
        holds["on the Pareto front"] = pareto_front(table)
    return [
        ", ".join([*accuracy_notes(model, pairs), *(words for words in holds if holds[words][row])])
        for row, model in table["model"].items()
    ]


def accuracy_notes(model: str, pairs: pd.DataFrame) -> list[str]:
    """Return how the accuracy of *model* on the test images compares with the others."""
    others = against(model, pairs)
    differs = others["p_holm"] < LEVEL
    above, below = (others[differs & (others["difference"] * sign > 0)] for sign in (1, -1))
    found = []
    if 0 < len(others) == len(above):
        found.append("most accurate")
    if 0 < len(others) == len(below):
        found.append("least accurate")
    if len(above):
        found.append(f"more accurate than {with_p(above, 'max')}")
    if len(others[~differs]):
        found.append(f"no different from {with_p(others[~differs], 'min', 'on these images ')}")
    return found


def with_p(others: pd.DataFrame, bound: str, where: str = "") -> str:
    """Return the names of *others* with their p; of many, their number and the *bound* of p."""
    if len(others) > NAMED:
        p_value = probability(others["p_holm"].agg(bound), {"max": "≤", "min": "≥"}[bound])
        return f"{len(others)} others {where}({p_value})"
    by_p = others.groupby(others["p_holm"].map(probability), sort=False)["other"]
    return and_([f"{and_(list(names))} {where}({p_value})" for p_value, names in by_p])


def pareto_front(table: pd.DataFrame) -> pd.Series:
    """Return for each model whether it is on the Pareto front.

    It is if no other model is at least as good in accuracy, training time and number of parameters,
    and better in one of them.
    """
    costs = table[["accuracy", "train_seconds", "parameters"]].to_numpy() * [-1, 1, 1]
    beaten = [any((other <= own).all() and (other < own).any() for other in costs) for own in costs]
    return ~pd.Series(beaten, index=table.index)


def long_history(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every model's epochs in one table to plot.

    *histories* has for each model the table ``epoch, accuracy, loss, val_accuracy, val_loss``.
    The result has two rows for each epoch, one of the training and one of the validation images:
    ``model, images, epoch, accuracy, loss``.
    """
    columns, of_validation = ["epoch", "accuracy", "loss"], ["epoch", "val_accuracy", "val_loss"]
    parts = {}
    for name, history in histories.items():
        parts[name, "training"] = history[columns]
        parts[name, "validation"] = history[of_validation].set_axis(columns, axis=1)
    return pd.concat(parts, names=["model", "images"]).reset_index(["model", "images"])


def to_markdown(table: pd.DataFrame) -> str:
    """Return the comparison as a Markdown table with aligned columns."""
    cells = [["Model", "Params", "Accuracy (%)", "95 % interval", "Seeds", "Training time", "Note"]]
    for row in table.to_dict("records"):
        plural = "epoch" if row["epochs"] == 1 else "epochs"
        seeds = row["seeds"]
        cells.append(
            [
                str(row["model"]),
                f"{row['parameters']:,}",
                f"{100 * row['accuracy']:.2f}",
                f"{100 * row['accuracy_low']:.2f} to {100 * row['accuracy_high']:.2f}",
                "" if pd.isna(seeds) else f"± {100 * row['seeds_deviation']:.2f} ({seeds:.0f})",
                f"{duration(row['train_seconds'])} ({row['epochs']} {plural})",
                str(row["note"]),
            ]
        )
    pads = [str.ljust, *5 * [str.rjust], str.ljust]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    ends = ["-", *5 * [":"], "-"]
    cells.insert(1, [end.rjust(w, "-") for end, w in zip(ends, widths, strict=True)])
    lines = [[pad(c, w) for c, w, pad in zip(row, widths, pads, strict=True)] for row in cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def duration(seconds: float) -> str:
    """Return *seconds* in the form ``8.4 s``, ``42 s`` or ``2 m 42 s``."""
    if seconds < 9.95:  # noqa: PLR2004 - below ten seconds a tenth is worth telling
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest:02} s" if minutes else f"{rest} s"
