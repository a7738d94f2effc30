"""Scores of predictions, against scikit-learn's and by hand."""

import numpy as np
import pytest
from sklearn import metrics

from stages.evaluate.scores import confusion_matrix, score, score_classes

DIGITS = list(range(10))


# Macro F1 counts a class that is predicted alone, and none that is neither there nor predicted.
@pytest.mark.parametrize(("absent", "predicted_too"), [(None, True), (7, True), (7, False)])
def test_scores_are_those_of_scikit_learn(absent: int | None, predicted_too: bool) -> None:
    generator = np.random.default_rng(0)
    labels = generator.choice([digit for digit in DIGITS if digit != absent], 300)
    probabilities = generator.dirichlet(np.ones(10), 300).astype(np.float32)
    # Half of the rows favour the right digit, so that not nearly all are errors.
    probabilities[np.arange(150), labels[:150]] += 1
    if not predicted_too:
        probabilities[:, absent] = 0
    probabilities /= probabilities.sum(axis=1, keepdims=True)

    predicted = probabilities.argmax(axis=1)
    assert score(labels, probabilities) == pytest.approx(
        (
            metrics.accuracy_score(labels, predicted),
            metrics.log_loss(labels, probabilities, labels=DIGITS),
            metrics.zero_one_loss(labels, predicted, normalize=False),
            metrics.f1_score(labels, predicted, average="macro"),
        )
    )
    rows = score_classes(confusion_matrix(labels, predicted, 10), [f"a {n}" for n in DIGITS])
    assert [row.name for row in rows] == [f"a {digit}" for digit in DIGITS]
    columns = metrics.precision_recall_fscore_support(
        labels, predicted, labels=DIGITS, zero_division=0
    )
    np.testing.assert_allclose([row[1:] for row in rows], np.transpose(columns))


def test_accuracy_is_written_as_short_as_the_share_is() -> None:
    # 9,128 of 10,000; 1 - 872 / 10,000 would be 0.9128000000000001.
    probabilities = np.eye(2)[[0] * 9128 + [1] * 872]
    assert repr(score(np.zeros(10_000, int), probabilities).accuracy) == "0.9128"


def test_all_right_and_all_wrong() -> None:
    labels = np.array([0, 3, 9, 3])
    right = score(labels, np.eye(10, dtype=np.float32)[labels])
    assert repr(tuple(right)) == "(1.0, 0.0, 0, 1.0)"
    # 23 bits of a float32's fraction, and not an infinite loss.
    wrong = score(np.array([1]), np.array([[1, 0]], np.float32))
    assert wrong == pytest.approx((0, 23 * np.log(2), 1, 0))
