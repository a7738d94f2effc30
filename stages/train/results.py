"""The metrics of a training: its history, its results and its times."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from stages.backend import keras
from stages.settings import TrainingSettings


class Epoch(NamedTuple):
    """One epoch: accuracies as shares of 1, losses as means per image, time in seconds.

    Training values are means over the epoch, measured on each batch before its step, as in Keras;
    validation values are those of the weights that would be saved after the epoch.
    """

    accuracy: float
    loss: float
    val_accuracy: float
    val_loss: float
    seconds: float


# Of metrics/history/NAME.csv, which has no times.
HEADER = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")


def reached(
    model: keras.Model,
    chosen: TrainingSettings,
    computed_in: str,
    epochs: Sequence[Epoch],
    images: int,
) -> dict[str, Any]:
    """Return the content of metrics/train/NAME.json; *images* is the number of training images."""
    return {
        "parameters": model.count_params(),
        "trainable_parameters": sum(math.prod(one.shape) for one in model.trainable_variables),
        "training_images": images,
        "epochs": len(epochs),
        "batch_size": chosen.batch_size,
        "precision": computed_in,
        "recipe": chosen.recipe,
        **dict(zip(HEADER[1:], epochs[-1], strict=False)),
        "layers": [
            {"layer": layer.name, "parameters": layer.count_params()} for layer in model.layers
        ],
    }


def times(
    epochs: Sequence[Epoch], images: int, resumed_at: int, on: dict[str, Any]
) -> dict[str, Any]:
    """Return the content of metrics/time/NAME.json; seconds add up over interrupted runs.

    *images* is the number of images in each epoch.
    """
    total = sum(epoch.seconds for epoch in epochs)
    return {
        "train_seconds": round(total, 3),
        "seconds_per_epoch": round(total / len(epochs), 3),
        "images_per_second": round(images * len(epochs) / total, 1),
        "resumed_after_epochs": resumed_at,
        "machine": on,
        "per_epoch": [
            {"epoch": number, "seconds": round(epoch.seconds, 3)}
            for number, epoch in enumerate(epochs, start=1)
        ],
    }
