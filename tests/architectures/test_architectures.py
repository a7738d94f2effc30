"""The three CNNs, layer for layer as the notebook wrote them, for images of any kind."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from stages.backend import keras
from stages.common.errors import StageError
from tests.support.networks import built
from tests.support.settings import training_settings

conv = partial(keras.layers.Conv2D, padding="same", activation="relu")
separable = partial(keras.layers.SeparableConv2D, padding="same", activation="relu")
pool, norm = keras.layers.MaxPooling2D, keras.layers.BatchNormalization
# The notebook's, with 4, 5 and 6 filters in place of its own numbers.
NOTEBOOK: dict[str, Callable[[], list[Any]]] = {
    "model1": lambda: [conv(4, 3), pool(), conv(5, 2), pool()],
    "model2": lambda: [conv(4, 3), norm(), pool(), conv(5, 2), norm(), pool()],
    "model3": lambda: [
        *(conv(4, 3), norm(), pool(), conv(5, 3), norm(), pool()),
        *(separable(6, 2), norm()),
    ],
}


@pytest.mark.parametrize(
    ("name", "parameters"), [("model1", 679_808), ("model2", 109_674), ("model3", 1_726_250)]
)
def test_layers_are_the_notebooks_with_its_sizes_and_others(name: str, parameters: int) -> None:
    assert built(training_settings(architecture=name)).count_params() == parameters
    filters = [4, 5, 6] if name == "model3" else [4, 5]
    settings = training_settings(architecture=name, filters=filters, dense=[7])
    model = built(settings, (9, 12, 3), 3)
    dense = [keras.layers.Dense(7, "relu"), keras.layers.Dense(3, "softmax")]
    found, expected = (
        [(type(layer), layer.get_config() | {"name": ""}) for layer in layers]
        for layers in (model.layers[1:], [*NOTEBOOK[name](), keras.layers.Flatten(), *dense])
    )
    assert found == expected


@pytest.mark.parametrize("name", ["model1", "model2", "model3"])
def test_images_too_small_for_the_poolings_are_told_with_their_size(name: str) -> None:
    settings = training_settings(architecture=name)
    # Half of 4 and half of 2 is one pixel; of 3, one pixel that cannot be halved.
    assert built(settings, (4, 9, 1)).output_shape == (None, 10)
    told = (
        rf"^mine: stages/architectures/{name}\.py: cannot be built for images of 9 x 3 pixels, "
        r"only for larger ones \(data\.size enlarges them\): line \d+: ValueError: .+$"
    )
    with pytest.raises(StageError, match=told):
        built(settings, (3, 9, 1))
