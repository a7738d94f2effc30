"""Models side by side: a table, and notes worked out from its numbers."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

COLUMNS = [
    "model", "parameters", "trainable_parameters", "accuracy", "train_seconds", "epochs", "note",
    "accuracy_low", "accuracy_high", "recipe", "precision",
]  # fmt: skip
# The 97.5th percentile of the normal distribution: two sides make 95 %.
Z = 1.959964


def compare(results: Mapping[str, Mapping[str, Any]], test_images: int) -> pd.DataFrame:
    """Return the comparison, one row per model in the order given.

    *results* holds for each model ``parameters``, ``trainable_parameters``, ``accuracy`` (of 1,
    on *test_images* images), ``train_seconds``, ``epochs``, ``recipe`` and ``precision``.
    """
    table = pd.DataFrame([{"model": name, **values} for name, values in results.items()])
    limits = [wilson_interval(accuracy, test_images) for accuracy in table["accuracy"]]
    table["accuracy_low"] = [low for low, _ in limits]
    table["accuracy_high"] = [high for _, high in limits]
    table["note"] = notes(table)
    return table[COLUMNS]


def notes(table: pd.DataFrame) -> list[str]:
    """Return what stands out about each model; where all are equal nothing does."""
    extremes = [
        ("most accurate", "accuracy", "max"),
        ("least accurate", "accuracy", "min"),
        ("fastest", "train_seconds", "min"),
        ("slowest", "train_seconds", "max"),
        ("fewest parameters", "parameters", "min"),
    ]
    holds = {
        words: table[column] == table[column].agg(extreme)
        for words, column, extreme in extremes
        if table[column].nunique() > 1
    }
    if holds:
        holds["on the Pareto front"] = pareto_front(table)
    return [
        ", ".join(words for words in holds if holds[words].iloc[row]) for row in range(len(table))
    ]


def pareto_front(table: pd.DataFrame) -> pd.Series:
    """Tell of each model whether it is on the Pareto front.

    It is when no other is at least as good in accuracy, training time and number of parameters,
    and better in one of them.
    """
    costs = pd.DataFrame(
        {
            "error": 1 - table["accuracy"],
            "seconds": table["train_seconds"],
            "parameters": table["parameters"],
        }
    ).to_numpy()
    return pd.Series(
        [not any((other <= own).all() and (other < own).any() for other in costs) for own in costs],
        index=table.index,
    )


def long_history(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return every model's epochs in one table to plot.

    *histories* holds for each model the table ``epoch, accuracy, loss, val_accuracy, val_loss``.
    The result has two rows for each epoch, one of the training and one of the validation images:
    ``model, images, epoch, accuracy, loss``.
    """
    parts = []
    for name, history in histories.items():
        for images, prefix in (("training", ""), ("validation", "val_")):
            part = history[["epoch", f"{prefix}accuracy", f"{prefix}loss"]]
            part.columns = pd.Index(["epoch", "accuracy", "loss"])
            parts.append(part.assign(model=name, images=images))
    return pd.concat(parts)[["model", "images", "epoch", "accuracy", "loss"]]


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a *share* seen on *count* images.

    It tells how far chance alone, in which images were drawn, may move the number (Wilson,
    1927, https://doi.org/10.1080/01621459.1927.10502953). It does not tell how far another
    seed would.
    """
    spread = Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def to_markdown(table: pd.DataFrame) -> str:
    """Return the comparison as a Markdown table to read, columns padded to line up."""
    cells = [["Model", "Params", "Accuracy (%)", "95 % interval", "Training time", "Note"]]
    for row in table.to_dict("records"):
        plural = "epoch" if row["epochs"] == 1 else "epochs"
        cells.append(
            [
                str(row["model"]),
                f"{row['parameters']:,}",
                f"{100 * row['accuracy']:.2f}",
                f"{100 * row['accuracy_low']:.2f} to {100 * row['accuracy_high']:.2f}",
                f"{duration(row['train_seconds'])} ({row['epochs']} {plural})",
                str(row["note"]),
            ]
        )
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    right = [False, True, True, True, True, False]
    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    lines = [
        [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        for line in [cells[0], rule, *cells[1:]]
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def duration(seconds: float) -> str:
    """Return *seconds* as people say it: ``8.4 s``, ``42 s`` or ``2 m 42 s``."""
    if seconds < 9.95:  # noqa: PLR2004 - below ten seconds a tenth is worth telling
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest:02} s" if minutes else f"{rest} s"
