"""Our training step alone, timed as PyTorch's is: same batches, no shuffling, no validation.

    python -m benchmarks.steps --data data/processed --model model1 [--steps 20]

The last line of its output is one line of JSON.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.flops import training_flops
from stages import params
from stages.backend import make_repeatable
from stages.common.files import read_json
from stages.configure.recipes import resolve
from stages.processed import Pixels
from stages.train import machine, network
from stages.train.trainer import Trainer

ROOT = Path(__file__).resolve().parent.parent
WARM_UP = 3


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the times of some training steps of one model, after a few to warm up."""
    settings = resolve(params.read(ROOT / "params.yaml"), {})[options.model]
    batch = options.batch_size or settings.batch_size
    computed_in = machine.resolve(options.precision)
    make_repeatable(0)
    images = np.load(options.data / "train" / "images.npy")
    labels = np.load(options.data / "train" / "labels.npy")
    pixels = Pixels.parse(read_json(options.data / "train" / "pixels.json"), "pixels.json")
    model = network.build(options.model, settings, images.shape[1:], labels.shape[1], pixels)
    trainer = Trainer(network.training_graph(model, computed_in), settings)
    seconds = []
    for number in range(WARM_UP + options.steps):
        first = number * batch % (len(images) - batch + 1)
        chosen = slice(first, first + batch)
        start = time.perf_counter()
        trainer.train_step(images[chosen], labels[chosen], np.float32(0.001), np.zeros(2, np.int32))
        seconds.append(time.perf_counter() - start)
    timed = [second * 1e6 / batch for second in seconds[WARM_UP:]]
    return {
        "model": options.model,
        "precision": computed_in,
        "training_flops": training_flops(model.layers),
        "batch_size": batch,
        "steps": options.steps,
        "microseconds_per_image": statistics.median(timed),
        "microseconds_per_image_min": min(timed),
    }


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Time this project's training step.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--model", default="model1")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--batch-size", type=int, help="instead of the recipe's")
    parser.add_argument("--steps", type=int, default=20, help="timed steps, after the warm-up")
    print(json.dumps(measure(parser.parse_args()), sort_keys=True))


if __name__ == "__main__":
    main()
