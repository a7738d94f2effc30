"""The stock model that is kept and the graph that is trained: one function of the pixels."""

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.processed import Pixels
from stages.train import machine, network
from stages.train.layers import BiasSummedApart, FusedBatchNormalization
from tests.support.images import random_images
from tests.support.networks import built, needs_bfloat16
from tests.support.settings import training_settings

IMAGES = random_images(20)[0].astype(np.float32)
FILTERS = {"model1": [8, 8], "model2": [8, 8], "model3": [8, 8, 8]}


@pytest.fixture(scope="module", params=FILTERS)
def model(request: pytest.FixtureRequest) -> keras.Model:
    """Return each architecture, none of its weights and statistics as they start out."""
    keras.utils.set_random_seed(0)
    sizes = {"filters": FILTERS[request.param], "dense": [16]}
    settings = training_settings(
        architecture=request.param, **sizes, normalize=True, batch_norm_momentum=0
    )
    stock = built(settings)
    generator = np.random.default_rng(0)
    for variable in stock.trainable_variables:
        factors = generator.uniform(0.5, 2, variable.shape)
        variable.assign(variable.value * factors + generator.normal(0, 0.01, variable.shape))
    # With no momentum the statistics are those of the images, as after a training; then a bit off.
    stock(IMAGES, training=True)
    for variable in stock.non_trainable_variables:
        if "seed" not in variable.name:
            variable.assign(variable.value * generator.uniform(0.8, 1.25, variable.shape))
    assert stock(IMAGES).numpy().std(axis=0).max() > 0.05, "all images look the same to it"
    return stock


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [("float32", 1e-5), pytest.param("bfloat16", 0.1, marks=needs_bfloat16)],
)
def test_graph_gives_the_stock_models_probabilities_in_float32(
    model: keras.Model, precision: str, tolerance: float
) -> None:
    graph = network.training_graph(model, precision)
    logits = graph(IMAGES, training=False)
    assert logits.dtype == tf.float32
    assert graph.get_layer("conv_1").compute_dtype == precision
    assert {variable.dtype for variable in graph.weights} == {"float32"}
    np.testing.assert_allclose(tf.nn.softmax(logits), model(IMAGES), atol=tolerance)


@pytest.mark.parametrize("apart", [False, True])
def test_layers_that_take_less_time_stand_in_for_keras_own(
    monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    monkeypatch.setattr(machine, "sums_biases_apart", lambda precision: apart)
    settings = training_settings(architecture="model3", batch_norm_momentum=0.75)
    graph = network.training_graph(built(settings), "float32")
    norms = [x for x in graph.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert [type(norm) for norm in norms] == [FusedBatchNormalization] * 3
    assert [(norm.momentum, norm.epsilon) for norm in norms] == [(0.75, 0.001)] * 3
    taken = [layer.name for layer in graph.layers if isinstance(layer, BiasSummedApart)]
    assert taken == (["conv_1", "conv_2"] if apart else [])


def test_a_convolution_without_a_bias_stays_and_the_last_layer_is_known_by_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "sums_biases_apart", lambda precision: True)
    pixels = keras.Input((28, 28, 1))
    flat = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, use_bias=False)(pixels))
    model = keras.Model(pixels, keras.layers.Dense(10, activation="softmax", name="other")(flat))
    graph = network.training_graph(model, "float32")
    assert not any(isinstance(layer, BiasSummedApart) for layer in graph.layers)
    np.testing.assert_allclose(tf.nn.softmax(graph(IMAGES)), model(IMAGES), rtol=1e-5, atol=1e-6)


def test_normalised_pixels_have_mean_0_and_deviation_1_in_each_channel() -> None:
    settings, pixels = training_settings(normalize=True), Pixels(mean=[9, 0.5], deviation=[4, 2])
    model = network.build("mine", settings, (8, 8, 2), 10, pixels)
    scaled = model.get_layer("normalize")(np.full((1, 8, 8, 2), [13, -3.5], np.float32))
    np.testing.assert_allclose(scaled, np.full((1, 8, 8, 2), [1, -2]), atol=1e-6)
