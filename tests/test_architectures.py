"""The three CNNs, layer for layer as the notebook wrote them."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stages.backend import keras
from stages.train import network
from tests.settings_for_tests import training_settings

POOL = ("MaxPooling2D", (2, 2), (2, 2), "valid")
NORM = ("BatchNormalization", 0.001)


def conv(filters: int, size: int, kind: str = "Conv2D") -> tuple[Any, ...]:
    return kind, filters, (size, size), (1, 1), "same", "relu"


def notebook(name: str, filters: Sequence[int], units: Sequence[int]) -> list[tuple[Any, ...]]:
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
    return [*convolutions[name], ("Flatten",), *dense, ("Dense", 10, "softmax")]


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
    return network.build("mine", training_settings(architecture=architecture, **changed))


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


def test_normalised_pixels_cost_one_layer_and_no_parameter() -> None:
    model = build("model2", normalize=True)
    assert list(described(model)) == [("Rescaling",), *notebook("model2", (32, 64), (32,))]
    assert model.count_params() == 109_674
    # Over the 60,000 training images the pixels' mean is 33.3184, their deviation 78.5675.
    scaled = model.layers[1](keras.ops.array([33.3184, 33.3184 + 2 * 78.5675]))
    assert scaled.numpy() == pytest.approx([0, 2], abs=1e-6)
