"""The result of the comparison in words, derived from its numbers."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context

import pandas as pd

# A difference counts if its p is below this.
LEVEL = 0.05
# Smaller values of p are not printed exactly.
LEAST = 0.0001
# Of more models than this, the number is printed instead of the names.
NAMED = 3
# The meaning of the two spreads of an accuracy, and when to use which.
INTERVAL = (
    "how far other test images may move the accuracy. Use this to judge how a model will do on new "
    "images."
)
SEEDS = (
    "how much trainings with the same settings differ (standard deviation, number of trainings). "
    "Use this to judge whether a model or a setting is better, or was just lucky once."
)
TEST = "McNemar's exact test, Holm's correction"


def verdict(table: pd.DataFrame, pairs: pd.DataFrame, images: str) -> str:
    """Return two sentences: which models were compared on what, and whether the best won by luck.

    *table* has the columns of metrics/comparison.csv, *pairs* those of metrics/significance.csv;
    *images* describes the test images.
    """
    names = list(table["model"])
    recipes = and_(sorted(set(table["recipe"])))
    who = f"{and_(names) if len(names) <= NAMED else f'{len(names)} models'} (recipe {recipes})"
    best = max(table.to_dict("records"), key=lambda row: row["accuracy"])
    accuracy = f"{100 * best['accuracy']:.2f} %"
    if len(names) == 1:
        return f"{who} was tested on {images}. {best['model']} is right on {accuracy} of them."
    who = f"{who} were compared on {images}."
    of_best = against(best["model"], pairs)
    equal = of_best[of_best["p_holm"] >= LEVEL]
    if equal.empty:
        p_value = probability(of_best["p_holm"].max(), "=" if len(of_best) == 1 else "≤")
        return (
            f"{who} {best['model']} is the most accurate with {accuracy}, and that is more than "
            f"the luck of the images ({p_value}; {TEST})."
        )
    others = and_(list(equal["other"])) if len(equal) <= NAMED else f"{len(equal)} others"
    p_value = probability(equal["p_holm"].min(), "=" if len(equal) == 1 else "≥")
    return (
        f"{who} {best['model']} comes first with {accuracy}, but that may be luck: on these "
        f"images it is no different from {others} ({p_value}; {TEST})."
    )


def images_tested(data: str, actual: Iterable[object]) -> str:
    """Return the description of the test images: those of *data*, with the classes *actual*."""
    each = list(actual)
    count = len(set(each))
    return f"{len(each):,} test images of {data} in {count} class{'es' if count != 1 else ''}"


def against(model: str, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return ``other``, ``difference`` and ``p_holm`` of each pair that *model* is in.

    The difference is *model* minus the other.
    """
    first = pairs[pairs["first"] == model].rename(columns={"second": "other"})
    second = pairs[pairs["second"] == model].rename(columns={"first": "other"})
    second = second.assign(difference=-second["difference"])
    return pd.concat([first, second])[["other", "difference", "p_holm"]].sort_index()


def probability(value: float, sign: str = "=") -> str:
    """Return a *value* of p in the form ``p = 0.003``; *sign* may also be ≤ or ≥."""
    if value < LEAST and sign != "≥":
        return f"p < {LEAST:f}".rstrip("0")
    rounding = {"≤": ROUND_CEILING, "≥": ROUND_FLOOR}.get(sign, ROUND_HALF_EVEN)
    for digits in (2, 3, 4):
        rounded = Context(digits, rounding).create_decimal_from_float(value)
        # Rounding must not move it across the level.
        if (float(rounded) < LEVEL) == (value < LEVEL):
            break
    return f"p {sign} {float(rounded):g}"


def and_(names: Sequence[str]) -> str:
    """Return *names* as a list in words."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
