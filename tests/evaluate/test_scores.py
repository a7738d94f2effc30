"""Scores of predictions, against scikit-learn's and by hand."""

import numpy as np
import pytest
from sklearn import metrics

from stages.evaluate.scores import confusion_matrix, score, score_classes

DIGITS = list(range(10))


def guesses(seed: int, absent: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return 300 random labels and probabilities; the digit *absent* is in neither."""
    generator = np.random.default_rng(seed)
    labels = generator.choice([digit for digit in DIGITS if digit != absent], 300)
    probabilities = generator.dirichlet(np.ones(10), 300)
    # Half of the rows favour the right digit, so that not nearly all are errors.
    probabilities[np.arange(150), labels[:150]] += 1
    if absent is not None:
        probabilities[:, absent] = 0
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return labels, probabilities.astype(np.float32)


@pytest.mark.parametrize(("seed", "absent"), [(0, None), (1, 0), (2, 7)])
def test_scores_are_those_of_scikit_learn(seed: int, absent: int | None) -> None:
    labels, probabilities = guesses(seed, absent)
    predicted = probabilities.argmax(axis=1)
    scores = score(labels, probabilities)
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert scores.errors == metrics.zero_one_loss(labels, predicted, normalize=False)
    assert scores.loss == pytest.approx(metrics.log_loss(labels, probabilities, labels=DIGITS))
    assert scores.macro_f1 == pytest.approx(metrics.f1_score(labels, predicted, average="macro"))
    confusion = confusion_matrix(labels, predicted, 10)
    theirs = metrics.confusion_matrix(labels, predicted, labels=DIGITS)
    np.testing.assert_array_equal(confusion, theirs)
    rows = score_classes(confusion, [f"a {digit}" for digit in DIGITS])
    assert [row.name for row in rows] == [f"a {digit}" for digit in DIGITS]
    columns = metrics.precision_recall_fscore_support(
        labels, predicted, labels=DIGITS, zero_division=0
    )
    np.testing.assert_allclose([row[1:] for row in rows], np.transpose(columns))


def test_three_rows_by_hand() -> None:
    actual = np.array([0, 1, 1])
    probabilities = np.array([[2, 1, 1], [1, 2, 1], [2, 1, 1]], np.float32) / 4
    # Predicted 0, 1 and 0: the last one is wrong. Given to the right class: 1/2, 1/2 and 1/4.
    scores = score(actual, probabilities)
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.errors == 1
    assert scores.loss == pytest.approx(4 * np.log(2) / 3)
    # Class 0: precision 1/2, recall 1. Class 1: precision 1, recall 1/2. Class 2 does not occur.
    assert scores.macro_f1 == pytest.approx(2 / 3)
    confusion = confusion_matrix(actual, probabilities.argmax(axis=1), 3)
    assert confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert score_classes(confusion, ["cat", "dog", "sheep"]) == [
        ("cat", 0.5, 1.0, pytest.approx(2 / 3), 1),
        ("dog", 1.0, 0.5, pytest.approx(2 / 3), 2),
        ("sheep", 0.0, 0.0, 0.0, 0),
    ]


def test_class_predicted_but_never_right_counts_as_zero_in_the_mean() -> None:
    # Both images are 0s; one is taken for a 1. F1 of 0: 2 * 1 / (2 + 1); of 1: 0.
    scores = score(np.array([0, 0]), np.array([[0.9, 0.1], [0.1, 0.9]], np.float32))
    assert scores.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_accuracy_is_written_as_short_as_the_share_is() -> None:
    # 9,128 of 10,000; 1 - 872 / 10,000 would be 0.9128000000000001.
    probabilities = np.eye(2)[[0] * 9128 + [1] * 872]
    assert repr(score(np.zeros(10_000, int), probabilities).accuracy) == "0.9128"


def test_perfect_predictions_score_one_and_lose_nothing() -> None:
    labels = np.array([0, 3, 9, 3])
    assert score(labels, np.eye(10, dtype=np.float32)[labels]) == (1.0, 0.0, 0, 1.0)


def test_right_class_given_no_probability_costs_a_finite_loss() -> None:
    scores = score(np.array([1]), np.array([[1, 0]], np.float32))
    # 23 bits of a float32's fraction.
    assert scores.loss == pytest.approx(23 * np.log(2))
    assert (scores.accuracy, scores.errors, scores.macro_f1) == (0.0, 1, 0.0)
