"""What the comparison comes to, in words made from its numbers."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context

import pandas as pd

# A difference that chance would make less often than this counts as one.
LEVEL = 0.05
# Nobody needs to know how far below this.
LEAST = 0.0001
# Of more models than this, their number is told and not their names.
NAMED = 3
# What the two spreads of an accuracy say, and when to mind which.
INTERVAL = (
    "how far other test images may move the accuracy. Mind it when you ask how a model will do on "
    "images it has not seen."
)
SEEDS = (
    "how far other trainings with the same settings were from one another (standard deviation, "
    "number of trainings). Mind it when you ask whether a model or a setting is better, or was "
    "only lucky once."
)
TEST = "McNemar's exact test, Holm's correction"


def verdict(table: pd.DataFrame, pairs: pd.DataFrame, images: str) -> str:
    """Return two sentences: what was compared, on what, and whether the best is so by luck.

    *table* has the columns of metrics/comparison.csv, *pairs* those of metrics/significance.csv;
    *images* says which were tested on.
    """
    names = list(table["model"])
    recipes = and_(sorted(set(table["recipe"])))
    said = f"{and_(names) if len(names) <= NAMED else f'{len(names)} models'} (recipe {recipes})"
    best = max(table.to_dict("records"), key=lambda row: row["accuracy"])
    accuracy = f"{100 * best['accuracy']:.2f} %"
    if len(names) == 1:
        return f"{said} was tested on {images}. {best['model']} is right on {accuracy} of them."
    said = f"{said} were compared on {images}."
    of_best = against(best["model"], pairs)
    equal = of_best[of_best["p_holm"] >= LEVEL]
    if equal.empty:
        p_value = probability(of_best["p_holm"].max(), "=" if len(of_best) == 1 else "≤")
        return (
            f"{said} {best['model']} is the most accurate with {accuracy}, and that is more than "
            f"the luck of the images ({p_value}; {TEST})."
        )
    others = and_(list(equal["other"])) if len(equal) <= NAMED else f"{len(equal)} others"
    p_value = probability(equal["p_holm"].min(), "=" if len(equal) == 1 else "≥")
    return (
        f"{said} {best['model']} comes first with {accuracy}, but that may be luck: on these "
        f"images it is no different from {others} ({p_value}; {TEST})."
    )


def images_tested(data: str, actual: Iterable[object]) -> str:
    """Return what was tested on: images of *data*, whose classes are *actual*."""
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
    """Return a *value* of p as people write it: ``p = 0.003``; *sign* may be ≤ or ≥ as well."""
    if value < LEAST and sign != "≥":
        return f"p < {LEAST:f}".rstrip("0")
    rounding = {"≤": ROUND_CEILING, "≥": ROUND_FLOOR}.get(sign, ROUND_HALF_EVEN)
    for digits in (2, 3, 4):
        said = Context(digits, rounding).create_decimal_from_float(value)
        # On the side of the level where it is.
        if (float(said) < LEVEL) == (value < LEVEL):
            break
    return f"p {sign} {float(said):g}"


def and_(names: Sequence[str]) -> str:
    """Return *names* as a list in words."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
