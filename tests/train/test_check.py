"""Models that cannot be trained are refused before the first step, in one line that says why."""

import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.backend import keras
from stages.common.errors import StageError
from stages.train.check import check
from tests.support.networks import CONNECTED, add_architecture, built, trained_as
from tests.support.settings import training_settings

layers, ops = keras.layers, keras.ops
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 12, 12, 1), np.uint8)
Connect = Callable[[Any, int], Any]
Tried = Callable[..., None]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tried:
    """Give the function that builds and checks an architecture of what ``connect`` does."""
    add_architecture(monkeypatch, tmp_path)

    def build_and_check(connect: Connect, classes: int = 3, seed: int = 0) -> None:
        monkeypatch.setitem(CONNECTED, "odd", connect)
        settings = training_settings(architecture="odd", seed=seed)
        make = partial(built, settings, (12, 12, 1), classes)
        check(make(), make, settings, IMAGES)

    return build_and_check


@keras.saving.register_keras_serializable("test_check")
class Forgetful(keras.layers.Layer):
    """A layer that Keras makes again as another one."""

    def __init__(self, factor: float = 100, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, x: Any) -> Any:
        """Return *x* times the factor."""
        return x * self.factor

    def get_config(self) -> dict[str, Any]:
        """Leave the factor out."""
        return {}


def head(x: Any, classes: int, activation: str | None = "softmax") -> Any:
    return layers.Dense(classes, activation=activation)(layers.Flatten()(x))


def thirds(x: Any, classes: int) -> Any:
    """Return sigmoids that begin with a sum of 1."""
    bias = keras.initializers.Constant(-math.log(2))
    last = layers.Dense(classes, "sigmoid", kernel_initializer="zeros", bias_initializer=bias)
    return last(layers.Flatten()(x))


def frozen(x: Any, classes: int) -> Any:
    model = keras.Sequential([layers.Flatten(), layers.Dense(classes, activation="softmax")])
    model.trainable = False
    return model(x)


RETURN = r"it must return one tensor \(None, 3\), the probabilities of the classes"
SOFTMAX = "end in a softmax over the classes"
OPEN = r"the model cannot be saved and opened again; .*register_keras_serializable.*get_config.*: "


@pytest.mark.parametrize(
    ("connect", "told"),
    [
        (lambda x, classes: None, f"connect returned None; {RETURN}"),
        (lambda x, classes: [head(x, classes)] * 2, f"connect returned a list of 2; {RETURN}"),
        (lambda x, classes: keras.Sequential(), f"connect returned a Sequential; {RETURN}"),
        (lambda x, classes: head(x, 4), rf"connect returned a tensor \(None, 4\); {RETURN}"),
        (lambda x, classes: head(keras.Input((12, 12, 1)), classes), ".*not connected"),
        (lambda x, classes: head(x, nowhere), r"NameError: name 'nowhere' is not defined"),  # type: ignore[name-defined]  # noqa: F821
        (lambda x, classes: head(x, classes, None), f"the model returns no prob.*; {SOFTMAX}"),
        (thirds, f"the model returns no .*; {SOFTMAX}"),
        (lambda x, classes: ops.log(head(x, classes) - 1), f".*not finite; {SOFTMAX}"),
        (lambda x, classes: head(layers.Lambda(lambda y: y / 2)(x), classes), OPEN),
        (
            lambda x, classes: head(layers.Dense(2, dtype="bfloat16")(x), classes),
            "the weight dense.*/kernel is in bfloat16, in which adam makes no steps; ",
        ),
        (lambda x, classes: head(Forgetful(0.01)(x), classes), "saved and opened again, the mod"),
        (
            lambda x, classes: head(x + ops.stop_gradient(layers.Dense(1)(x)), classes),
            "no gradient reaches the weight .*kernel",
        ),
        (frozen, "the model has no weight to train"),
    ],
)
def test_what_cannot_be_trained_is_told(tried: Tried, connect: Connect, told: str) -> None:
    with pytest.raises(StageError) as caught:
        tried(connect)
    line = str(caught.value)
    assert re.fullmatch(rf"mine: stages/architectures/odd\.py: {told}.*", line)
    assert len(line) < 700


INSIDE = """
    @keras.saving.register_keras_serializable("test_check")
    class Inside(keras.layers.Layer):
        def call(self, x):
            return x

    x = Inside()(x)
"""
FILE = """
import random

import keras
import numpy as np

FILTERS, DENSE = (), ()
OUTSIDE = [keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization()]
FACTOR = np.random.normal()


def connect(x, filters, dense, classes):
    {}
    for layer in OUTSIDE:
        x = layer(x * FACTOR * random.random())
    return keras.layers.Dense(classes, "softmax")(keras.layers.Flatten()(x))
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", ""),
        ("x = x * np.random.default_rng().normal()", "connect makes another model each time; "),
        (
            "random.calls = getattr(random, 'calls', 0) + 1\n"
            "    x = keras.layers.Conv2D(random.calls, 1)(x)",
            "connect makes another model each time; ",
        ),
        (INSIDE, f"{OPEN}Could not locate class 'Inside'"),
    ],
)
def test_a_file_gives_the_same_model_each_time_it_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, told: str
) -> None:
    add_architecture(monkeypatch, tmp_path, FILE.format(line))
    settings = training_settings(architecture="odd", ema_momentum=0.9)
    make = partial(built, settings, (12, 12, 1), 3)
    if told:
        with pytest.raises(StageError, match=rf"odd\.py: {told}"):
            check(make(), make, settings, IMAGES)
        return
    check(make(), make, settings, IMAGES)
    trainer = trained_as(make, settings)
    weights = [*trainer.graph.weights, *trainer.kept.weights]
    assert len({id(weight) for weight in weights}) == len(weights)


def test_a_sigmoid_of_two_classes_is_no_softmax_whatever_its_first_weights(tried: Tried) -> None:
    for seed in range(10):
        with pytest.raises(StageError, match="the model returns no probabilities"):
            tried(lambda x, classes: head(x, classes, "sigmoid"), classes=2, seed=seed)
