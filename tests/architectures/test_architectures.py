"""The three CNNs, layer for layer as the notebook wrote them, for images of any kind."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stages.backend import keras
from stages.common.errors import StageError
from stages.train import network
from tests.support.images import MNIST_PIXELS
from tests.support.settings import training_settings

POOL = ("MaxPooling2D", (2, 2), (2, 2), "valid")
NORM = ("BatchNormalization", 0.001)


def conv(filters: int, size: int, kind: str = "Conv2D") -> tuple[Any, ...]:
    return kind, filters, (size, size), (1, 1), "same", "relu"


def notebook(
    name: str, filters: Sequence[int], units: Sequence[int], classes: int
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


@pytest.mark.parametrize(
    ("name", "own", "filters", "units", "parameters"),
    [
        ("model1", True, (50, 50), (256, 128, 64), (679_808, 679_808)),
        ("model2", True, (32, 64), (32,), (109_674, 109_482)),
        ("model3", True, (64, 128, 256), (128, 64, 32), (1_726_250, 1_725_354)),
        # Of 9 x 12 pixels the poolings leave 2 x 3. Each filter that is normalised has four
        # numbers, two of which are trained.
        ("model1", False, (4, 5), (7,), (438, 438)),
        ("model2", False, (4, 5), (), (326, 308)),
        ("model3", False, (4, 5, 6), (7,), (696, 666)),
    ],
)
def test_layers_and_parameters_are_the_notebooks(
    name: str,
    own: bool,
    filters: tuple[int, ...],
    units: tuple[int, ...],
    parameters: tuple[int, int],
) -> None:
    image, classes = ((28, 28, 1), 10) if own else ((9, 12, 3), 3)
    sizes = {} if own else {"filters": list(filters), "dense": list(units)}
    settings = training_settings(architecture=name, **sizes)
    model = network.build("mine", settings, image, classes, MNIST_PIXELS)
    assert list(described(model)) == notebook(name, filters, units, classes)
    assert (model.input_shape, model.output_shape) == ((None, *image), (None, classes))
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    trained = sum(variable.numpy().size for variable in model.trainable_variables)
    assert (model.count_params(), trained) == parameters


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
