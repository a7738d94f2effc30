"""Untrained networks, for images like MNIST's if nothing else is said."""

import pytest

from stages.backend import keras
from stages.settings import TrainingSettings
from stages.train import machine, network
from tests.support.images import MNIST_PIXELS

# TensorFlow asks the processor whether oneDNN has bfloat16, and not oneDNN itself.
needs_bfloat16 = pytest.mark.skipif(
    machine.onednn() and "avx512f" in machine.cpu_flags() - machine.instructions(),
    reason="oneDNN is held back and refuses bfloat16, which TensorFlow hands to it all the same",
)


def built(
    settings: TrainingSettings, image: tuple[int, int, int] = (28, 28, 1), classes: int = 10
) -> keras.Model:
    """Return the stock model ``mine`` that *settings* ask for."""
    return network.build("mine", settings, image, classes, MNIST_PIXELS)
