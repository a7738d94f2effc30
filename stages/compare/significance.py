"""Whether a difference on the test images is more than chance."""

import itertools

import pandas as pd
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

COLUMNS = [
    "first", "second", "difference", "p_value", "p_holm", "first_only", "second_only", "pair",
]  # fmt: skip


def pairs(correct: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each pair of models, the first minus the second.

    *correct* has a row for each test image and a column for each model, true if it is right.
    ``first_only`` and ``second_only`` count the images that only one model gets right. ``p_value``
    follows from these by McNemar's exact test (1947, https://doi.org/10.1007/BF02295996): the
    probability that two equally good models differ this much. ``p_holm`` corrects it for the number
    of pairs (Holm 1979, https://www.jstor.org/stable/4615733).
    """
    rows = []
    for first, second in itertools.combinations(correct, 2):
        first_only = int((correct[first] & ~correct[second]).sum())
        second_only = int((correct[second] & ~correct[first]).sum())
        difference = (first_only - second_only) / len(correct)
        p_value = mcnemar([[0, first_only], [second_only, 0]], exact=True).pvalue
        numbers = difference, p_value, p_value, first_only, second_only
        rows.append((first, second, *numbers, f"{first}, {second}"))
    table = pd.DataFrame(rows, columns=COLUMNS)
    if rows:
        table["p_holm"] = multipletests(table["p_value"], method="holm")[1]
    return table
