"""How good predictions are, from labels and probabilities alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, precision_recall_fscore_support


class Scores(NamedTuple):
    """The content of metrics/evaluate/NAME.json."""

    accuracy: float
    loss: float
    errors: int
    macro_f1: float


def score(actual: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Return the scores of *probabilities* (n, classes) for the classes *actual* (n,).

    The loss is the mean categorical cross-entropy, with probabilities of at least float32's
    epsilon. Macro F1 is the mean over the classes that occur in *actual* or in the predictions.
    """
    predicted = probabilities.argmax(axis=1)
    correct = int((predicted == actual).sum())
    given = probabilities[np.arange(len(actual)), actual].astype(np.float64)
    losses = -np.log(np.clip(given, np.finfo(np.float32).eps, 1))
    return Scores(
        accuracy=correct / len(actual),
        loss=float(losses.mean()) + 0.0,  # of a perfect model 0, not -0
        errors=len(actual) - correct,
        macro_f1=float(f1_score(actual, predicted, average="macro")),
    )


def score_classes(actual: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return metrics/per_class/NAME.csv: a row for each of the classes *names*, in their order.

    *actual* and *predicted* (n,) are indices into *names*. A score with a denominator of 0 is 0.
    """
    columns = precision_recall_fscore_support(
        actual, predicted, labels=range(len(names)), zero_division=0
    )
    scores = dict(zip(("precision", "recall", "f1", "support"), columns, strict=True))
    return pd.DataFrame({"class": names, **scores})
