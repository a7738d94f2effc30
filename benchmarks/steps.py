"""Our training step alone, timed like PyTorch's: same batches, no shuffling, no validation."""

import math
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.side import DATA, time_steps
from stages import params, processed
from stages.backend import make_repeatable
from stages.configure.recipes import resolve
from stages.train import machine, network
from stages.train.trainer import Trainer


def measure(name: str, precision: str = "auto") -> dict[str, Any]:
    """Return the times of some training steps of the model *name*, and their work."""
    settings = resolve(params.read(), {})[name]
    computed_in = machine.resolve(precision)
    make_repeatable(0)
    images = np.load(DATA / "train" / "images.npy")
    labels = np.load(DATA / "train" / "labels.npy")
    pixels = processed.read_pixels()
    make = partial(network.build, name, settings, images.shape[1:], labels.shape[1], pixels)
    model = make()
    trainer = Trainer(partial(network.training_graph, make, model, computed_in), settings)
    rate, seed = np.float32(0.001), np.zeros(2, np.int32)

    def step(batch: slice) -> None:
        trainer.train_step(images[batch], labels[batch], rate, seed)

    return {
        "model": name,
        "precision": computed_in,
        "training_flops": training_flops(model.layers),
        **time_steps(step, len(images), settings.batch_size),
    }


def training_flops(layers: Iterable[Any]) -> int:
    """Return the floating-point operations of one training step, per image.

    *layers* are those of a built Keras model, first to last, images in channels-last order, with
    kernels in convolutions and dense layers alone. Their products are counted, a multiply-add as
    two operations: once forward, once for the weights' gradients and once for the data's, which
    the first product does without, since nothing learns from the gradient of the pixels. Biases,
    pooling, batch normalisation, activations and the optimizer are not counted.
    """
    # A kernel has several dimensions and is applied once per position: a pixel of a convolution's
    # output, the whole of a dense layer's.
    forward = [
        2 * math.prod(layer.output.shape[1:-1]) * math.prod(weights.shape)
        for layer in layers
        for weights in layer.weights
        if len(weights.shape) > 1
    ]
    return 3 * sum(forward) - sum(forward[:1])
