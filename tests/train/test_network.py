"""The stock model that is kept and the graph that is trained: one function of the pixels."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.processed import Pixels
from stages.train import machine, network
from stages.train.layers import BiasSummedApart, FusedBatchNormalization, PoolingThenReLU
from tests.support.images import random_images
from tests.support.networks import built, needs_bfloat16
from tests.support.settings import training_settings

IMAGES = random_images(20)[0].astype(np.float32)


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [("float32", 1e-5), pytest.param("bfloat16", 0.1, marks=needs_bfloat16)],
)
@pytest.mark.parametrize("architecture", ["model1", "model2", "model3"])
def test_graph_gives_the_stock_models_probabilities_in_float32(
    monkeypatch: pytest.MonkeyPatch, architecture: str, precision: str, tolerance: float
) -> None:
    monkeypatch.setattr(machine, "sums_biases_apart", lambda precision: precision == "float32")
    keras.utils.set_random_seed(0)
    filters = [8] * (3 if architecture == "model3" else 2)
    settings = training_settings(architecture=architecture, filters=filters, normalize=True)
    make = partial(built, settings)
    model = make()
    generator = np.random.default_rng(0)
    # None of its weights and statistics as they start out.
    for variable in model.weights:
        factors = generator.uniform(0.5, 2, variable.shape)
        variable.assign(variable.value * factors + generator.normal(0, 0.01, variable.shape))
    graph, from_logits = network.training_graph(make, model, precision)
    assert from_logits
    logits, expected = graph(IMAGES, training=False), model(IMAGES).numpy()
    assert expected.std(axis=0).max() > 0.05, "all images look the same to it"
    assert logits.dtype == tf.float32
    assert graph.get_layer("conv_1").compute_dtype == precision
    assert {variable.dtype for variable in graph.weights} == {"float32"}
    np.testing.assert_allclose(tf.nn.softmax(logits), expected, atol=tolerance)
    # Those that take less time stand in for Keras's own.
    quicker: dict[Any, Any] = {keras.layers.BatchNormalization: FusedBatchNormalization}
    quicker |= {keras.layers.Conv2D: BiasSummedApart} if precision == "float32" else {}
    # Without a normalisation between them.
    quicker |= {keras.layers.MaxPooling2D: PoolingThenReLU} if architecture == "model1" else {}
    expected_kinds = [quicker.get(type(layer), type(layer)) for layer in model.layers]
    assert [type(layer) for layer in graph.layers] == expected_kinds


def test_normalised_pixels_have_mean_0_and_deviation_1_in_each_channel() -> None:
    settings, pixels = training_settings(normalize=True), Pixels(mean=[9, 0.5], deviation=[4, 2])
    model = network.build("mine", settings, (8, 8, 2), 10, pixels)
    scaled = model.get_layer("normalize")(np.full((1, 8, 8, 2), [13, -3.5], np.float32))
    np.testing.assert_allclose(scaled, np.full((1, 8, 8, 2), [1, -2]), atol=1e-6)
