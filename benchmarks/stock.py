"""The peer: the notebook's models in stock Keras, time per image of a training step.

Keras's own step in float32 with the notebook's batch sizes; no shuffling, no validation, images as
floats in memory. `TF_ENABLE_ONEDNN_OPTS` turns oneDNN on or off where TensorFlow's own choice is
not wanted.
"""

from typing import Any

import numpy as np

from benchmarks.notebook import BUILDERS
from benchmarks.side import BATCH_SIZES, DATA, time_steps


def measure(name: str) -> dict[str, Any]:
    """Return the times of some training steps of the model *name*."""
    images = np.load(DATA / "train" / "images.npy").astype(np.float32)
    labels = np.load(DATA / "train" / "labels.npy")
    model = BUILDERS[name]()
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

    def step(batch: slice) -> None:
        model.train_on_batch(images[batch], labels[batch])

    return {"model": name, **time_steps(step, len(images), BATCH_SIZES[name])}
