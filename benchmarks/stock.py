"""The peer: the notebook's models in stock Keras, time per image of a training step.

Keras's own step in float32 with the notebook's batch sizes; no shuffling, no validation, images as
floats in memory. `KERAS_BACKEND` names the backend, and `TF_ENABLE_ONEDNN_OPTS` turns oneDNN on or
off where TensorFlow's own choice is not wanted.

    python -m benchmarks.stock --data data/processed --model model1 [--steps 20]
    # on JAX, in an environment of its own: pip install -r benchmarks/requirements.txt
    KERAS_BACKEND=jax python -m benchmarks.stock --data data/processed --model model1 --steps 3

The last line of its output is one line of JSON.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.notebook import BUILDERS, FITS

WARM_UP = 3


def measure(*, data: Path, name: str, steps: int) -> dict[str, Any]:
    """Return the times of *steps* training steps of the model *name*, after a few to warm up."""
    batch_size = FITS[name].batch_size
    chosen = slice(batch_size)
    images = np.load(data / "train" / "images.npy")[chosen].astype(np.float32)
    labels = np.load(data / "train" / "labels.npy")[chosen]
    model = BUILDERS[name]()
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    seconds = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        model.train_on_batch(images, labels)
        seconds.append(time.perf_counter() - start)
    timed = [second * 1e6 / batch_size for second in seconds[WARM_UP:]]
    return {
        "model": name,
        "batch_size": batch_size,
        "steps": steps,
        "microseconds_per_image": statistics.median(timed),
        "microseconds_per_image_min": min(timed),
    }


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Time training steps of stock Keras.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--model", dest="name", choices=sorted(FITS), default="model1")
    parser.add_argument("--steps", type=int, default=20, help="timed steps, after the warm-up")
    print(json.dumps(measure(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
