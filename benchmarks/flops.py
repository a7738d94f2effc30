"""The floating-point operations of one training image, computed from a model's layers."""

import math
from collections.abc import Iterable
from typing import Any


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
