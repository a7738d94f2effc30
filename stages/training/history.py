"""What each epoch gave."""

from collections.abc import Sequence
from typing import NamedTuple


class Epoch(NamedTuple):
    """One epoch: accuracies as shares of 1, losses as means per image, time in seconds.

    Training values are means over the epoch, taken batch by batch before each step as Keras
    takes them; validation values are of the weights after the epoch.
    """

    accuracy: float
    loss: float
    val_accuracy: float
    val_loss: float
    seconds: float


HEADER = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")


def rows(epochs: Sequence[Epoch]) -> list[tuple[object, ...]]:
    """Return the rows of metrics/history/NAME.csv, one per epoch, without the times."""
    return [(number, *epoch[:4]) for number, epoch in enumerate(epochs, start=1)]
