"""The peer: the notebook's three architectures in PyTorch, time per image of a training step.

Measures whole steps at the notebook's batch sizes: uint8 images to floats, zeroed gradients,
forward, backward, optimizer. PyTorch gets its best chance: channels-last tensors that stay so
into the dense layers, every core, fused Adam, labels as class numbers ready in memory, no
shuffling, no validation, and with `reuse` freed memory kept for the next step. What differs from
Keras in the layers' defaults (batch normalisation's momentum and epsilon, Adam's epsilon) is set
as in Keras.
It runs in an environment of its own, with requirements/peers.txt.
"""

import ctypes
import itertools
import os
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.side import BATCH_SIZES, DATA, time_steps

convolution = partial(nn.Conv2d, padding="same")
# PyTorch's momentum is 1 - Keras's.
norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


def build(name: str) -> tuple[Any, Any]:
    """Return the two parts of the model *name*, before and after flattening."""
    relu, pool = nn.ReLU(inplace=True), nn.MaxPool2d(2)
    if name == "model1":
        images = [convolution(1, 50, 3), relu, pool, convolution(50, 50, 2), relu, pool]
        sizes = [7 * 7 * 50, 256, 128, 64, 10]
    elif name == "model2":
        images = [convolution(1, 32, 3), relu, norm(32), pool]
        images += [convolution(32, 64, 2), relu, norm(64), pool]
        sizes = [7 * 7 * 64, 32, 10]
    else:
        images = [convolution(1, 64, 3), relu, norm(64), pool]
        images += [convolution(64, 128, 3), relu, norm(128), pool]
        # A separable convolution: its depthwise half has neither bias nor ReLU.
        images += [convolution(128, 128, 2, groups=128, bias=False)]
        images += [convolution(128, 256, 1), relu, norm(256)]
        sizes = [7 * 7 * 256, 128, 64, 32, 10]
    dense = [layer for pair in itertools.pairwise(sizes) for layer in (nn.Linear(*pair), relu)]
    # The last layer returns logits.
    return nn.Sequential(*images).to(memory_format=torch.channels_last), nn.Sequential(*dense[:-1])


def measure(name: str, precision: str, allocator: str) -> dict[str, Any]:
    """Return the times of some training steps of the model *name*.

    The *allocator* is glibc's malloc with the `system`'s settings, or set to `reuse` memory. By
    default it maps each large tensor again and unmaps it when it is freed, so the kernel clears
    gigabytes of pages in every step. PyTorch's tuning guide recommends another allocator for this
    reason: https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html
    """
    if allocator == "reuse":
        # Never trim, never map: https://man7.org/linux/man-pages/man3/mallopt.3.html
        for setting in ((-1, -1), (-4, 0)):
            ctypes.CDLL(None).mallopt(*setting)
    torch.manual_seed(0)
    torch.set_num_threads(os.cpu_count() or 1)
    images = torch.from_numpy(np.load(DATA / "train" / "images.npy"))
    labels = torch.from_numpy(np.load(DATA / "train" / "labels.npy").argmax(axis=1))
    convolutional, dense = build(name)
    parameters = [*convolutional.parameters(), *dense.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.001, eps=1e-7, fused=True)

    def step(batch: slice) -> float:
        floats = images[batch].permute(0, 3, 1, 2).to(torch.float32)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            features = convolutional(floats)
            # In Keras's order; for channels-last tensors this copies nothing.
            logits = dense(features.permute(0, 2, 3, 1).flatten(1))
            loss = functional.cross_entropy(logits, labels[batch])
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return {
        "model": name,
        "trainable_parameters": sum(weights.numel() for weights in parameters),
        "precision": precision,
        "allocator": allocator,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        **time_steps(step, len(images), BATCH_SIZES[name]),
    }
