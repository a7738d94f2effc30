"""What the models got right and wrong: calibration, confusions, mistakes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

BINS = 10
# More classes cannot be read in one chart.
SHOWN = 20


def reliability(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Return the points of a reliability diagram: a row for each tenth of confidence with images.

    *confidence* (n,) is that of each prediction, *right* (n,) whether it is right. A row has the
    number of ``images``, their mean ``confidence`` and their ``accuracy``.
    """
    table = pd.DataFrame({"confidence": confidence, "accuracy": right})
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    grouped = table.groupby(bins)
    return grouped.mean().assign(images=grouped.size()).reset_index(drop=True)


def expected_calibration_error(points: pd.DataFrame) -> float:
    """Return the mean gap between confidence and accuracy over all images (Guo et al., 2017).

    *points* are those of :func:`reliability`; the paper is https://arxiv.org/abs/1706.04599.
    """
    gaps = (points["confidence"] - points["accuracy"]).abs()
    return float(np.average(gaps, weights=points["images"]))


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
    mistakes = wrong.melt("images", ["actual", "predicted"]).groupby("value")["images"].sum()
    kept = set(mistakes.reindex(list(classes), fill_value=0).nlargest(SHOWN).index)
    return [name for name in classes if name in kept]


def wrong_by_all(
    predicted: Mapping[str, np.ndarray], confidence: Mapping[str, np.ndarray], actual: np.ndarray
) -> list[tuple[int, int, float]]:
    """Return the images that every model gets wrong, the most confident first.

    With each come the class with the highest mean confidence, and that mean. A model that predicts
    another class counts as 0.
    """
    classes, sure = np.stack(list(predicted.values())), np.stack(list(confidence.values()))
    found = []
    for index in np.flatnonzero((classes != actual).all(axis=0)):
        votes = np.bincount(classes[:, index], weights=sure[:, index]) / len(classes)
        found.append((int(index), int(votes.argmax()), float(votes.max())))
    return sorted(found, key=lambda one: -one[2])
