"""The peer: the notebook's three architectures in PyTorch, time per image of a training step.

Measures whole steps at the notebook's batch sizes: uint8 images to floats, zeroed gradients,
forward, backward, optimizer. PyTorch gets its best chance: channels-last tensors that stay so
into the dense layers, every core, fused Adam, labels as class numbers ready in memory, no
shuffling, no validation, `torch.compile` with shapes fixed, and freed memory kept for the next
step. What differs from Keras in the layers' defaults (batch normalisation's momentum and epsilon,
Adam's epsilon) is set as in Keras.

    pip install -r requirements/peers.txt    # in an environment of its own
    python -m benchmarks.pytorch --data data/processed --model model1 \
        --variant eager|compiled --precision float32|bfloat16 [--steps 20] \
        [--allocator reuse|system]

The last line of its output is one line of JSON. Where `torch.compile` finds no working C++
compiler, that line holds "error" in place of the times, and the exit code is still 0.
"""

import argparse
import ctypes
import itertools
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

WARM_UP = 5

# Two settings of glibc's malloc and what turns each off: https://man7.org/linux/man-pages/man3/mallopt.3.html
M_TRIM_THRESHOLD, NEVER_TRIM = -1, -1
M_MMAP_MAX, NEVER_MMAP = -4, 0


class Reference(NamedTuple):
    """What the notebook says of one of its models, and how many images it trains on at once."""

    parameters: int
    trainable_parameters: int
    batch_size: int


REFERENCES = {
    "model1": Reference(679_808, 679_808, 2000),
    "model2": Reference(109_674, 109_482, 1000),
    "model3": Reference(1_726_250, 1_725_354, 2000),
}


def convolution(channels: int, filters: int, size: int, groups: int = 1) -> list[nn.Module]:
    """Return a convolution whose output is as large as its input, padded as Keras does.

    A kernel of 2 x 2 needs one row and one column more, which Keras adds below and to the right.
    """
    if size % 2:
        return [nn.Conv2d(channels, filters, size, padding=size // 2, groups=groups)]
    bias = groups == 1  # the depthwise half of a separable convolution has none
    return [
        nn.ZeroPad2d((0, size - 1, 0, size - 1)),
        nn.Conv2d(channels, filters, size, groups=groups, bias=bias),
    ]


def normalisation(channels: int) -> nn.Module:
    """Return batch normalisation with Keras's defaults; PyTorch's momentum is 1 - Keras's."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def relu() -> nn.Module:
    """Return a ReLU that needs no memory of its own."""
    return nn.ReLU(inplace=True)


def dense(*sizes: int) -> nn.Module:
    """Return dense layers of *sizes*, inputs first, ReLU between them, logits at the end."""
    stack: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        stack += [nn.Linear(inputs, outputs), relu()]
    return nn.Sequential(*stack[:-1])


def build(name: str) -> Any:
    """Return the model *name* as two parts, `images` and `digits`, between which one flattens.

    Raises:
        ValueError: its numbers of parameters are not the notebook's.
    """
    if name == "model1":
        images = [
            *(*convolution(1, 50, 3), relu(), nn.MaxPool2d(2)),
            *(*convolution(50, 50, 2), relu(), nn.MaxPool2d(2)),
        ]
        digits = dense(7 * 7 * 50, 256, 128, 64, 10)
    elif name == "model2":
        images = [
            *(*convolution(1, 32, 3), relu(), normalisation(32), nn.MaxPool2d(2)),
            *(*convolution(32, 64, 2), relu(), normalisation(64), nn.MaxPool2d(2)),
        ]
        digits = dense(7 * 7 * 64, 32, 10)
    else:
        images = [
            *(*convolution(1, 64, 3), relu(), normalisation(64), nn.MaxPool2d(2)),
            *(*convolution(64, 128, 3), relu(), normalisation(128), nn.MaxPool2d(2)),
            *(*convolution(128, 128, 2, groups=128), nn.Conv2d(128, 256, 1), relu()),
            normalisation(256),
        ]
        digits = dense(7 * 7 * 256, 128, 64, 32, 10)
    model = nn.ModuleDict({"images": nn.Sequential(*images), "digits": digits})
    check_parameters(model, name)
    return model.to(memory_format=torch.channels_last)


def check_parameters(model: Any, name: str) -> None:
    """Raise a ValueError if *model* has other numbers of parameters than the notebook's *name*.

    Keras counts batch normalisation's moving statistics among the parameters, though nothing
    trains them; PyTorch keeps them as buffers, with a count of batches that Keras does not have.
    """
    trainable = sum(weights.numel() for weights in model.parameters())
    moving = sum(buffer.numel() for buffer in model.buffers() if buffer.dim())
    found = (trainable + moving, trainable)
    if found != REFERENCES[name][:2]:
        raise ValueError(f"{name}: {found} parameters, the notebook's has {REFERENCES[name][:2]}")


def cross_entropy(model: Any, images: Any, labels: Any) -> Any:
    """Return the loss of *images* (n, 1, 28, 28) whose digits are *labels* (n)."""
    features = model["images"](images)
    # In Keras's order, which for channels-last tensors copies nothing.
    flat = features.permute(0, 2, 3, 1).flatten(1)
    return functional.cross_entropy(model["digits"](flat), labels)


def step_of(model: Any, variant: str, precision: str) -> Callable[[Any, Any], float]:
    """Return the function that trains *model* on one batch and returns its loss."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7, fused=True)
    loss_of = cross_entropy
    if variant == "compiled":
        loss_of = torch.compile(cross_entropy, dynamic=False)

    def step(images: Any, labels: Any) -> float:
        floats = images.permute(0, 3, 1, 2).to(torch.float32)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            loss = loss_of(model, floats, labels)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def reuse_memory() -> bool:
    """Make malloc keep freed memory, if it is glibc's, and return whether it does.

    By default glibc maps each large tensor anew and gives it back when it is freed, so every step
    has the kernel clear gigabytes of pages once more. PyTorch's tuning guide advises another
    allocator for this reason: https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(M_MMAP_MAX, NEVER_MMAP) and mallopt(M_TRIM_THRESHOLD, NEVER_TRIM))


def measure(
    *, data: Path, name: str, variant: str, precision: str, allocator: str, steps: int
) -> dict[str, Any]:
    """Return the times of *steps* training steps of the model *name*, after a few to warm up."""
    reused = allocator == "reuse" and reuse_memory()
    torch.manual_seed(0)
    torch.set_num_threads(os.cpu_count() or 1)
    batch_size = REFERENCES[name].batch_size
    result = {
        "model": name,
        "variant": variant,
        "precision": precision,
        "allocator": "reuse" if reused else "system",
        "batch_size": batch_size,
        "steps": steps,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    images = torch.from_numpy(np.load(data / "train" / "images.npy"))
    labels = torch.from_numpy(np.load(data / "train" / "labels.npy").argmax(axis=1))
    # Whole batches only: another shape would be compiled anew.
    batches = list(zip(images.split(batch_size), labels.split(batch_size), strict=True))
    batches = [batch for batch in batches if len(batch[0]) == batch_size]
    if not batches:
        raise SystemExit(f"error: {data}: {len(images)} images, a batch has {batch_size}")

    step = step_of(build(name), variant, precision)
    try:
        step(*batches[0])
    except RuntimeError as error:
        if variant != "compiled":
            raise
        return {**result, "error": " ".join(str(error).split())[:500]}
    seconds = []
    for number in range(1, WARM_UP + steps):
        start = time.perf_counter()
        step(*batches[number % len(batches)])
        seconds.append(time.perf_counter() - start)
    timed = [second * 1e6 / batch_size for second in seconds[WARM_UP - 1 :]]
    return {
        **result,
        "microseconds_per_image": statistics.median(timed),
        "microseconds_per_image_min": min(timed),
    }


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Time PyTorch's training steps.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--model", dest="name", choices=sorted(REFERENCES), default="model1")
    parser.add_argument("--variant", choices=["eager", "compiled"], default="eager")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--steps", type=int, default=20, help="timed steps, after the warm-up")
    parser.add_argument("--allocator", choices=["reuse", "system"], default="reuse")
    options = parser.parse_args()
    print(json.dumps(measure(**vars(options))))


if __name__ == "__main__":
    main()
