"""The images that models get wrong."""

from collections.abc import Mapping

import numpy as np


def most_confident(predicted: np.ndarray, confidence: np.ndarray, actual: np.ndarray) -> list[int]:
    """Return the images that the model gets wrong, the most confident first; all are (n,)."""
    wrong = np.flatnonzero(predicted != actual)
    return [int(index) for index in wrong[np.argsort(-confidence[wrong], kind="stable")]]


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
