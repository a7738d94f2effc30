"""The three CNNs, layer for layer as the notebook wrote them, for images of any kind."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from stages.backend import keras
from stages.common.errors import StageError
from stages.processed import Pixels
from stages.train import network
from tests.support.images import MNIST_PIXELS
from tests.support.networks import built
from tests.support.settings import training_settings

POOL = ("MaxPooling2D", (2, 2), (2, 2), "valid")
NORM = ("BatchNormalization", 0.001)
COLOURS = Pixels(mean=[100, 20.5, 0], deviation=[50, 3.25, 1])


def conv(filters: int, size: int, kind: str = "Conv2D") -> tuple[Any, ...]:
    return kind, filters, (size, size), (1, 1), "same", "relu"


def notebook(
    name: str, filters: Sequence[int], units: Sequence[int], classes: int = 10
) -> list[tuple[Any, ...]]:
    """Return the notebook's layers of *name*, with these sizes."""
    a, b, *c = filters
    convolutions = {
        "model1": [conv(a, 3), POOL, conv(b, 2), POOL],
        "model2": [conv(a, 3), NORM, POOL, conv(b, 2), NORM, POOL],
        "model3": [
            *(conv(a, 3), NORM, POOL, conv(b, 3), NORM, POOL),
            *(item for last in c for item in (conv(last, 2, "SeparableConv2D"), NORM)),
        ],
    }
    dense = [("Dense", number, "relu") for number in units]
    return [*convolutions[name], ("Flatten",), *dense, ("Dense", classes, "softmax")]


def described(model: keras.Model) -> Iterator[tuple[Any, ...]]:
    """Yield the kind and the sizes of each layer but the first, which takes the pixels."""
    for layer in model.layers[1:]:
        kind = type(layer).__name__
        if "Conv" in kind:
            sizes = (layer.filters, layer.kernel_size, layer.strides, layer.padding)
            yield kind, *sizes, layer.activation.__name__
        elif kind == "Dense":
            yield kind, layer.units, layer.activation.__name__
        elif kind == "MaxPooling2D":
            yield kind, layer.pool_size, layer.strides, layer.padding
        elif kind == "BatchNormalization":
            yield kind, layer.epsilon
        else:
            yield (kind,)


def build(architecture: str, **changed: Any) -> keras.Model:
    return built(training_settings(architecture=architecture, **changed))


@pytest.mark.parametrize(
    ("name", "filters", "units", "parameters", "trainable"),
    [
        ("model1", (50, 50), (256, 128, 64), 679_808, 679_808),
        ("model2", (32, 64), (32,), 109_674, 109_482),
        ("model3", (64, 128, 256), (128, 64, 32), 1_726_250, 1_725_354),
    ],
)
def test_layers_and_parameters_are_the_notebooks(
    name: str, filters: Sequence[int], units: Sequence[int], parameters: int, trainable: int
) -> None:
    model = build(name)
    assert list(described(model)) == notebook(name, filters, units)
    assert (model.input_shape, model.output_shape) == ((None, 28, 28, 1), (None, 10))
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert model.count_params() == parameters
    assert sum(variable.numpy().size for variable in model.trainable_variables) == trainable


@pytest.mark.parametrize(
    ("name", "filters"), [("model1", [3, 4]), ("model2", [3, 4]), ("model3", [3, 4, 5])]
)
@pytest.mark.parametrize("dense", [[6, 7], []])
def test_sizes_in_the_settings_are_those_of_the_layers(
    name: str, filters: list[int], dense: list[int]
) -> None:
    model = build(name, filters=filters, dense=dense)
    assert list(described(model)) == notebook(name, filters, dense)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # A convolution has kernel * channels * filters weights and as many biases as filters.
        # Of 9 x 12 pixels the poolings leave 4 x 6 and then 2 x 3: with 5 filters 30 numbers.
        ("model1", (9 * 3 * 4 + 4) + (4 * 4 * 5 + 5) + (30 * 7 + 7) + (7 * 3 + 3)),
        # And four numbers for each filter whose outputs are normalised.
        ("model2", 112 + 4 * 4 + 85 + 4 * 5 + 217 + 24),
        # The separable one has one kernel for each channel, then weights from 5 channels to 6.
        ("model3", 112 + 16 + (9 * 4 * 5 + 5) + 20 + (4 * 5 + 5 * 6 + 6) + 24 + (36 * 7 + 7) + 24),
    ],
)
def test_both_ends_follow_the_images_and_the_classes(name: str, parameters: int) -> None:
    filters = [4, 5, 6] if name == "model3" else [4, 5]
    settings = training_settings(architecture=name, filters=filters, dense=[7])
    model = network.build("mine", settings, (9, 12, 3), 3, COLOURS)
    assert list(described(model)) == notebook(name, filters, [7], classes=3)
    assert (model.input_shape, model.output_shape) == ((None, 9, 12, 3), (None, 3))
    assert model.count_params() == parameters


def test_normalised_pixels_cost_one_layer_and_no_parameter() -> None:
    model = build("model2", normalize=True)
    assert list(described(model)) == [("Rescaling",), *notebook("model2", (32, 64), (32,))]
    assert model.count_params() == 109_674


@pytest.mark.parametrize("pixels", [MNIST_PIXELS, COLOURS], ids=["grey", "colour"])
def test_normalised_pixels_have_mean_0_and_deviation_1_in_each_channel(pixels: Pixels) -> None:
    settings = training_settings(normalize=True)
    model = network.build("mine", settings, (8, 8, len(pixels.mean)), 10, pixels)
    mean, deviation = np.array(pixels.mean), np.array(pixels.deviation)
    image = np.broadcast_to(mean + [[[0]], [[-1]], [[2]]] * deviation, (3, 8, len(mean)))
    scaled = np.array(model.layers[1](image.astype(np.float32)))
    expected = np.broadcast_to([[[0]], [[-1]], [[2]]], image.shape)
    np.testing.assert_allclose(scaled, expected, atol=1e-5)


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
