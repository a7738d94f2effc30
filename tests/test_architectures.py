"""The three CNNs, layer for layer as the notebook wrote them."""

from collections.abc import Iterator
from typing import Any

import pytest

from stages.backend import keras
from stages.train import network
from tests.settings_for_tests import training_settings

POOL = ("MaxPooling2D", (2, 2), (2, 2), "valid")
NORM = ("BatchNormalization", 0.001)
FLATTEN = ("Flatten",)
Rows = list[tuple[Any, ...]]


def conv(filters: int, size: int, kind: str = "Conv2D") -> tuple[Any, ...]:
    return kind, filters, (size, size), (1, 1), "same", "relu"


def dense(*units: int) -> Rows:
    return [*(("Dense", number, "relu") for number in units), ("Dense", 10, "softmax")]


NOTEBOOK: dict[str, Rows] = {
    "model1": [conv(50, 3), POOL, conv(50, 2), POOL, FLATTEN, *dense(256, 128, 64)],
    "model2": [conv(32, 3), NORM, POOL, conv(64, 2), NORM, POOL, FLATTEN, *dense(32)],
    "model3": [
        *(conv(64, 3), NORM, POOL, conv(128, 3), NORM, POOL),
        *(conv(256, 2, "SeparableConv2D"), NORM, FLATTEN, *dense(128, 64, 32)),
    ],
}


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


@pytest.mark.parametrize("name", NOTEBOOK)
def test_layers_are_the_notebooks(name: str) -> None:
    model = build(name)
    assert list(described(model)) == NOTEBOOK[name]
    assert (model.input_shape, model.output_shape) == ((None, 28, 28, 1), (None, 10))
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


@pytest.mark.parametrize(
    ("name", "parameters", "trainable"),
    [
        ("model1", 679_808, 679_808),
        ("model2", 109_674, 109_482),
        ("model3", 1_726_250, 1_725_354),
    ],
)
def test_parameters_are_as_many_as_the_notebooks(
    name: str, parameters: int, trainable: int
) -> None:
    model = build(name)
    assert model.count_params() == parameters
    assert sum(variable.numpy().size for variable in model.trainable_variables) == trainable


@pytest.mark.parametrize(
    ("name", "filters", "expected"),
    [
        ("model1", [3, 4], [conv(3, 3), POOL, conv(4, 2), POOL, FLATTEN]),
        ("model2", [3, 4], [conv(3, 3), NORM, POOL, conv(4, 2), NORM, POOL, FLATTEN]),
        (
            "model3",
            [3, 4, 5],
            [
                *(conv(3, 3), NORM, POOL, conv(4, 3), NORM, POOL),
                *(conv(5, 2, "SeparableConv2D"), NORM, FLATTEN),
            ],
        ),
    ],
)
def test_sizes_in_the_settings_are_those_of_the_layers(
    name: str, filters: list[int], expected: Rows
) -> None:
    model = build(name, filters=filters, dense=[6, 7])
    assert list(described(model)) == [*expected, *dense(6, 7)]
    assert list(described(build(name, filters=filters, dense=[]))) == [*expected, *dense()]


def test_recipe_sets_the_momentum_of_every_normalisation() -> None:
    model = build("model3", batch_norm_momentum=0.75)
    norms = [layer for layer in model.layers if "Normalization" in type(layer).__name__]
    assert [layer.momentum for layer in norms] == [0.75] * 3


def test_normalised_pixels_cost_one_layer_and_no_parameter() -> None:
    model = build("model2", normalize=True)
    assert list(described(model)) == [("Rescaling",), *NOTEBOOK["model2"]]
    assert model.count_params() == 109_674
    # Over the 60,000 training images the pixels' mean is 33.3184, their deviation 78.5675.
    scaled = model.layers[1](keras.ops.array([33.3184, 33.3184 + 2 * 78.5675]))
    assert scaled.numpy() == pytest.approx([0, 2], abs=1e-6)
