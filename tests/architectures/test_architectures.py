"""The three CNNs, layer for layer as the notebook wrote them, for images of any kind."""

import functools
from collections.abc import Sequence
from typing import Any

import pytest

from stages.backend import keras
from stages.common.errors import StageError
from stages.train import network
from tests.support.images import MNIST_PIXELS
from tests.support.settings import training_settings

Layers = list[keras.layers.Layer]


def notebook(name: str, filters: Sequence[int], units: Sequence[int], classes: int) -> Layers:
    """Return the notebook's layers of *name*, with these sizes."""
    of = keras.layers
    conv, separable = (
        functools.partial(kind, padding="same", activation="relu")
        for kind in (of.Conv2D, of.SeparableConv2D)
    )
    a, b, *c = filters
    convolutions: dict[str, Any] = {
        "model1": [conv(a, 3), of.MaxPooling2D(), conv(b, 2), of.MaxPooling2D()],
        "model2": [
            *(conv(a, 3), of.BatchNormalization(), of.MaxPooling2D()),
            *(conv(b, 2), of.BatchNormalization(), of.MaxPooling2D()),
        ],
        "model3": [
            *(conv(a, 3), of.BatchNormalization(), of.MaxPooling2D()),
            *(conv(b, 3), of.BatchNormalization(), of.MaxPooling2D()),
            *(layer for last in c for layer in (separable(last, 2), of.BatchNormalization())),
        ],
    }
    dense = [of.Dense(number, activation="relu") for number in units]
    return [*convolutions[name], of.Flatten(), *dense, of.Dense(classes, activation="softmax")]


@pytest.mark.parametrize(
    ("name", "filters", "units", "parameters"),
    [
        ("model1", (50, 50), (256, 128, 64), 679_808),
        ("model2", (32, 64), (32,), 109_674),
        ("model3", (64, 128, 256), (128, 64, 32), 1_726_250),
    ],
)
def test_layers_are_the_notebooks_with_its_sizes_and_with_others(
    name: str, filters: tuple[int, ...], units: tuple[int, ...], parameters: int
) -> None:
    build = functools.partial(network.build, "mine", pixels=MNIST_PIXELS)
    model = build(training_settings(architecture=name), image=(28, 28, 1), classes=10)
    others = {"filters": [4, 5, 6][: len(filters)], "dense": [7]}
    settings = training_settings(architecture=name, **others)
    smaller = build(settings, image=(9, 12, 3), classes=3)
    for built, layers in (
        (model, notebook(name, filters, units, 10)),
        (smaller, notebook(name, *others.values(), 3)),
    ):
        found, expected = (
            [(type(layer), layer.get_config() | {"name": ""}) for layer in each]
            for each in (built.layers[1:], layers)
        )
        assert found == expected
    assert model.count_params() == parameters


@pytest.mark.parametrize("name", ["model1", "model2", "model3"])
def test_images_too_small_for_the_poolings_are_told_with_their_size(name: str) -> None:
    settings = training_settings(architecture=name)
    # Half of 4 and half of 2 is one pixel; of 3, one pixel that cannot be halved.
    assert network.build("mine", settings, (4, 9, 1), 10, MNIST_PIXELS).output_shape == (None, 10)
    told = (
        f"^mine: {name} cannot be built for images of 9 x 3 pixels, which may be too small for it"
        r" \(data\.size enlarges them\): .+$"
    )
    with pytest.raises(StageError, match=told):
        network.build("mine", settings, (3, 9, 1), 10, MNIST_PIXELS)
