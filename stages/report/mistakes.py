"""The images worth looking at: those that models get wrong."""

from collections.abc import Mapping

import numpy as np


def most_confident(predicted: np.ndarray, confidence: np.ndarray, actual: np.ndarray) -> list[int]:
    """Return which images the model is wrong on, the one first that it is surest of; all (n,)."""
    wrong = np.flatnonzero(predicted != actual)
    return [int(index) for index in wrong[np.argsort(-confidence[wrong], kind="stable")]]


def wrong_by_all(
    predicted: Mapping[str, np.ndarray], confidence: Mapping[str, np.ndarray], actual: np.ndarray
) -> list[tuple[int, int, float]]:
    """Return which images every model gets wrong, those first that they are surest of together.

    With each comes the class that most speaks for, and how much: the mean confidence in it, 0 for
    a model that says another.
    """
    said, sure = np.stack(list(predicted.values())), np.stack(list(confidence.values()))
    found = []
    for index in np.flatnonzero((said != actual).all(axis=0)):
        votes = np.bincount(said[:, index], weights=sure[:, index]) / len(said)
        found.append((int(index), int(votes.argmax()), float(votes.max())))
    return sorted(found, key=lambda one: -one[2])
