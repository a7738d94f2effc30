"""Which classes are mistaken for which."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

# More classes cannot be read in one chart.
SHOWN = 20


def confusions(
    predicted: Mapping[str, np.ndarray], actual: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """Return the number of images for each model, actual and predicted class, if there are any.

    *predicted* and *actual* are positions in *classes*. The columns are ``model``, ``actual``,
    ``predicted``, ``images`` and ``share``, their share of the images of the actual class.
    """
    both = ["actual", "predicted"]
    parts = {
        model: pd.DataFrame({"actual": actual, "predicted": chosen}).groupby(both).size()
        for model, chosen in predicted.items()
    }
    counts = pd.concat(parts, names=["model"]).reset_index(name="images")
    counts["share"] = counts["images"] / np.bincount(actual)[counts["actual"]]
    for column in both:
        counts[column] = np.asarray(classes, dtype=object)[counts[column]]
    return counts


def most_confused(counts: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    """Return the classes with the most mistakes in *counts*, at most :data:`SHOWN`, in order."""
    wrong = counts[counts["actual"] != counts["predicted"]]
    mistakes = pd.concat([wrong.groupby(side)["images"].sum() for side in ("actual", "predicted")])
    most = mistakes.groupby(level=0).sum().reindex(classes, fill_value=0)
    kept = set(most.sort_values(ascending=False, kind="stable").index[:SHOWN])
    return [name for name in classes if name in kept]
