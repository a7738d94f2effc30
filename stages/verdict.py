"""The result of the comparison in words, derived from its numbers."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context

import pandas as pd

from stages.dataset import Dataset

# A difference counts if its p is below this.
LEVEL = 0.05
# Smaller values of p are not printed exactly.
LEAST = 0.0001
# Few images were tested if the 95 % interval of an accuracy is wider than this.
WIDE = 0.1
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


def verdict(table: pd.DataFrame, pairs: pd.DataFrame, dataset: Dataset) -> str:
    """Return in a few sentences which models were compared on what, and who won, or was lucky.

    *table* has the columns of metrics/comparison.csv, *pairs* those of metrics/significance.csv.
    """
    names = list(table["model"])
    recipes = and_(sorted(set(table["recipe"])))
    who = f"{and_(names) if len(names) <= NAMED else f'{len(names)} models'} (recipe {recipes})"
    were = "was tested" if len(names) == 1 else "were compared"
    best = table.iloc[table["accuracy"].argmax()]
    tested, count, absent = dataset.total("test"), len(dataset.classes), len(dataset.absent("test"))
    classes = f"{count - absent} of {count}" if absent else f"{count}"
    sentences = [
        f"{who} {were} on {tested:,} test images from {dataset.name} in {classes} classes.",
        result(table, best, pairs),
    ]
    if best["accuracy_high"] - best["accuracy_low"] > WIDE:
        low, high = (f"{100 * best[f'accuracy_{end}']:.0f}" for end in ("low", "high"))
        sentences.append(
            f"So few images tell little: each of the {tested:,} counts for {100 / tested:.1f} "
            f"points, and on others {best['model']} may be right on {low} to {high} % "
            "(95 % interval)."
        )
    return " ".join([*sentences, *dataset.gaps()])


def result(table: pd.DataFrame, best: pd.Series, pairs: pd.DataFrame) -> str:
    """Return the sentence that says which model is the *best* of the *table*, and how surely."""
    count = len(table)
    leaders = list(table.loc[table["accuracy"] == best["accuracy"], "model"])
    accuracy = f"{100 * best['accuracy']:.2f} %"
    if len(leaders) == count:
        all_are = {1: f"{best['model']} is", 2: "Both are", 3: "All three are"}
        share = {1: "every image", 0: "none"}.get(best["accuracy"], f"{accuracy} of them")
        return f"{all_are.get(count, f'All {count} are')} right on {share}."
    several = len(leaders) > 1
    is_, comes, it = ("are", "come", "they are") if several else ("is", "comes", "it is")
    of_best = against(best["model"], pairs)
    of_best = of_best[~of_best["other"].isin(leaders)]
    equal = of_best[of_best["p_holm"] >= LEVEL]
    if equal.empty:
        p_value = probability(of_best["p_holm"].max(), "=" if len(of_best) == 1 else "≤")
        return (
            f"{and_(leaders)} {is_} the most accurate with {accuracy}, and that is more than "
            f"the luck of the images ({p_value}; {TEST})."
        )
    others = and_(list(equal["other"])) if len(equal) <= NAMED else f"{len(equal)} others"
    p_value = probability(equal["p_holm"].min(), "=" if len(equal) == 1 else "≥")
    return (
        f"{and_(leaders)} {comes} first with {accuracy}, but that may be luck: on these "
        f"images {it} no different from {others} ({p_value}; {TEST})."
    )


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
