"""The peer: the notebook's models in Keras on JAX, time per image of a training step.

Keras's own step in float32 with the notebook's batch sizes, as the notebook has it on TensorFlow;
no shuffling, no validation, images as floats in memory. The convolutions are XLA's.

    pip install -r benchmarks/requirements.txt    # in an environment of its own
    python -m benchmarks.jax --data data/processed --model model1 [--steps 3]

The last line of its output is one line of JSON.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

# Before Keras is imported.
os.environ["KERAS_BACKEND"] = "jax"
from benchmarks.notebook import BUILDERS, FITS


def measure(*, data: Path, name: str, steps: int) -> dict[str, Any]:
    """Return the times of *steps* training steps of the model *name*, after the one compiled."""
    batch_size = FITS[name].batch_size
    chosen = slice(batch_size)
    images = np.load(data / "train" / "images.npy")[chosen].astype(np.float32)
    labels = np.load(data / "train" / "labels.npy")[chosen]
    model = BUILDERS[name]()
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    seconds = []
    for _ in range(1 + steps):
        start = time.perf_counter()
        model.train_on_batch(images, labels)
        seconds.append(time.perf_counter() - start)
    return {
        "model": name,
        "batch_size": batch_size,
        "steps": steps,
        "microseconds_per_image": statistics.median(seconds[1:]) * 1e6 / batch_size,
        "microseconds_per_image_min": min(seconds[1:]) * 1e6 / batch_size,
    }


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Time training steps of Keras on JAX.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--model", dest="name", choices=sorted(FITS), default="model1")
    # A step of model3 takes many seconds.
    parser.add_argument("--steps", type=int, default=3, help="timed steps, after the first")
    print(json.dumps(measure(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
