"""Scores of predictions, by hand."""

import numpy as np
import pytest

from stages.evaluate.scores import score, score_classes


def test_scores_by_hand() -> None:
    # The third class is predicted alone, the fourth neither that nor there.
    labels = np.array([0, 0, 1, 1])
    sure = np.array([[8, 2, 0, 0], [1, 1, 6, 2], [1, 7, 1, 1], [5, 4, 0, 1]], np.float32) / 10
    assert score(labels, sure) == pytest.approx(
        (0.5, -np.log([0.8, 0.1, 0.7, 0.4]).mean(), 2, (1 / 2 + 2 / 3 + 0) / 3)
    )
    table = score_classes(labels, sure.argmax(axis=1), ["a", "NA", "c", "d"])
    assert table["class"].tolist() == ["a", "NA", "c", "d"]
    np.testing.assert_allclose(
        table.drop(columns="class"),
        np.array([[0.5, 0.5, 0.5, 2], [1, 0.5, 2 / 3, 2], [0] * 4, [0] * 4]),
    )


def test_what_is_written_of_all_right_and_all_wrong() -> None:
    assert repr(tuple(score(np.arange(3), np.eye(3)))) == "(1.0, 0.0, 0, 1.0)"
    # As short as the share is; 1 - 872 / 10,000 would be 0.9128000000000001.
    most = score(np.zeros(10_000, int), np.eye(2)[[0] * 9128 + [1] * 872])
    assert repr(most.accuracy) == "0.9128"
    # 23 bits of a float32's fraction, and not an infinite loss.
    assert score(np.array([1]), np.eye(2)[:1]) == pytest.approx((0, 23 * np.log(2), 1, 0))
