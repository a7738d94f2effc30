"""Scores of predictions, against scikit-learn's and by hand."""

import numpy as np
import pytest
from sklearn import metrics

from stages.evaluate.scores import confusion_matrix, score, score_classes

DIGITS = list(range(10))


# A class that is neither an image's nor predicted does not count in macro F1.
@pytest.mark.parametrize(("seed", "absent"), [(0, None), (2, 7)])
def test_scores_are_those_of_scikit_learn(seed: int, absent: int | None) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.choice([digit for digit in DIGITS if digit != absent], 300)
    probabilities = generator.dirichlet(np.ones(10), 300).astype(np.float32)
    # Half of the rows favour the right digit, so that not nearly all are errors.
    probabilities[np.arange(150), labels[:150]] += 1
    if absent is not None:
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


def test_class_predicted_but_never_right_counts_as_zero_in_the_mean() -> None:
    # Both images are 0s; one is taken for a 1. F1 of 0: 2 * 1 / (2 + 1); of 1: 0.
    scores = score(np.array([0, 0]), np.array([[0.9, 0.1], [0.1, 0.9]], np.float32))
    assert scores.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


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
    assert wrong == (0.0, pytest.approx(23 * np.log(2)), 1, 0.0)
