"""Untrained networks, for images like MNIST's if nothing else is said, and their trainers."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stages import architectures
from stages.backend import keras, make_repeatable
from stages.settings import TrainingSettings
from stages.train import machine, network
from stages.train.trainer import Trainer
from tests.support.images import MNIST_PIXELS, random_images
from tests.support.settings import SMALL, training_settings

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


def trained_as(
    make: Callable[[], keras.Model], settings: TrainingSettings, precision: str = "float32"
) -> Trainer:
    """Return a trainer of the model that *make* returns anew each time, in *precision*."""
    return Trainer(partial(network.training_graph, make, make(), precision), settings)


# The function that :data:`ODD` connects with.
CONNECTED: dict[str, Callable[..., Any]] = {}
ODD = """
from tests.support.networks import CONNECTED

FILTERS, DENSE = (), ()


def connect(x, filters, dense, classes):
    return CONNECTED["odd"](x, classes)
"""


def add_architecture(patch: pytest.MonkeyPatch, folder: Path, source: str = ODD) -> None:
    """Make *source* the architecture ``odd``, in a *folder* outside of the project."""
    (folder / "odd.py").write_text(source, encoding="utf-8")
    patch.setattr(architectures, "__path__", [*architectures.__path__, str(folder)])
    patch.delitem(sys.modules, "stages.architectures.odd", raising=False)
    # Not kept as bytecode: two files of one second and size would be taken for the same.
    patch.setattr(sys, "dont_write_bytecode", True)


# Neither square nor grey, and of other than ten classes.
KIND: Any = {"image": (12, 8, 3), "classes": 7}
TRAINING, VALIDATION = random_images(20, seed=1, **KIND), random_images(7, seed=2, **KIND)


def trainer(**changed: Any) -> Trainer:
    """Return a small model's trainer on images of :data:`KIND`, always the same."""
    settings = training_settings(**SMALL, **changed)
    make_repeatable(settings.seed)
    return trained_as(partial(built, settings, **KIND), settings)


class Counting(keras.layers.Layer):
    """A layer that counts its calls in training."""

    def build(self, shape: Any) -> None:
        """Make the counter."""
        self.count = self.add_weight(initializer="zeros", trainable=False)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Return *x*."""
        if training:
            self.count.assign_add(1)
        return x


def trainer_of_own(**changed: Any) -> Trainer:
    """Return one of layers that ours do without: one frozen, one that counts, a model inside."""
    make_repeatable(0)

    def make() -> keras.Model:
        inputs = keras.Input(KIND["image"])
        frozen = keras.layers.Conv2D(4, 3, trainable=False, name="frozen")
        inside = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()])
        x = keras.layers.Dropout(0.5)(inside(Counting(name="counting")(frozen(inputs))))
        outputs = keras.layers.Dense(KIND["classes"], "softmax")(keras.layers.Flatten()(x))
        return keras.Model(inputs, outputs)

    return trained_as(make, training_settings(**changed))
