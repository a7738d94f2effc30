"""How good predictions are, worked out from labels and probabilities alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Scores(NamedTuple):
    """What metrics/evaluate/NAME.json holds."""

    accuracy: float
    loss: float
    errors: int
    macro_f1: float


class ClassScores(NamedTuple):
    """One row of metrics/per_class/NAME.csv."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def confusion_matrix(actual: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how often class *row* was predicted as class *column*: (classes, classes) int64.

    *actual* and *predicted* are (n,) integers in 0..classes - 1.
    """
    cells = np.bincount(actual * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def score_classes(confusion: np.ndarray, names: Sequence[str]) -> list[ClassScores]:
    """Return precision, recall and F1 of each of the classes *names*; 0 where nothing divides."""
    hits = np.diag(confusion)
    support, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _share(hits, predicted), _share(hits, support)
    f1 = _share(2 * hits, support + predicted)
    columns = (precision.tolist(), recall.tolist(), f1.tolist(), support.tolist())
    return [ClassScores(*row) for row in zip(names, *columns, strict=True)]


def score(actual: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Return the scores of *probabilities* (n, classes) for the classes *actual* (n,).

    The loss is the mean categorical cross-entropy, with probabilities kept off 0 by float32's
    resolution. Macro F1 is the mean over the classes that occur among *actual* or predictions.
    """
    classes = probabilities.shape[1]
    confusion = confusion_matrix(actual, probabilities.argmax(axis=1), classes)
    correct = int(np.diag(confusion).sum())
    given = probabilities[np.arange(len(actual)), actual].astype(np.float64)
    losses = -np.log(np.clip(given, np.finfo(np.float32).eps, 1))
    occurring = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    f1 = np.array([row.f1 for row in score_classes(confusion, [""] * classes)])
    return Scores(
        accuracy=correct / len(actual),
        loss=float(losses.mean()) + 0.0,  # of a perfect model 0, not -0
        errors=len(actual) - correct,
        macro_f1=float(f1[occurring].mean()),
    )


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, 0 where *whole* is 0."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)
