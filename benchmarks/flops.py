"""How many floating-point operations one training image costs, worked out from a model's layers."""

import math
from collections.abc import Iterable
from typing import Any

from stages.backend import keras

stock = keras.layers


def training_flops(layers: Iterable[Any]) -> int:
    """Return the floating-point operations of one training step, per image.

    *layers* are those of a built Keras model, first to last, images in channels-last order. The
    products of convolutions and dense layers are counted, a multiply-add as two operations: once
    forward, once for the weights' gradients and once for the data's, which the first product does
    without, since nothing learns from the gradient of the pixels. Biases, pooling, batch
    normalisation, activations and the optimizer are not counted.

    Raises:
        TypeError: a layer with a kernel that is none of Conv2D, SeparableConv2D and Dense.
    """
    forward = [flops for layer in layers for flops in forward_flops(layer)]
    return 3 * sum(forward) - sum(forward[:1])


def forward_flops(layer: Any) -> list[int]:
    """Return the operations of each product in *layer*'s forward pass on one image."""
    if isinstance(layer, stock.SeparableConv2D):
        kernels = [layer.depthwise_kernel, layer.pointwise_kernel]
    elif isinstance(layer, stock.Conv2D | stock.Dense):
        kernels = [layer.kernel]
    elif hasattr(layer, "kernel"):
        raise TypeError(f"{layer.name}: no FLOP count for a {type(layer).__name__}")
    else:
        return []
    # Each kernel is applied once per position: a pixel of a convolution's output, the whole of a
    # dense layer's.
    positions = math.prod(layer.output.shape[1:-1])
    return [2 * positions * math.prod(kernel.shape) for kernel in kernels]
