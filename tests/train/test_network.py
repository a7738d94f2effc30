"""The stock model that is kept and the graph that is trained: one function of the pixels."""

import numpy as np
import pytest

from stages.backend import keras, tf
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
    assert stock.predict_on_batch(IMAGES).std(axis=0).max() > 0.05, "all images look the same to it"
    return stock


def test_graph_gives_the_stock_models_probabilities(model: keras.Model) -> None:
    graph = network.training_graph(model, "float32")
    ours = tf.nn.softmax(graph(IMAGES, training=False))
    np.testing.assert_allclose(ours, model.predict_on_batch(IMAGES), rtol=1e-4, atol=1e-6)


@needs_bfloat16
def test_graph_in_bfloat16_gives_nearly_the_same_in_float32(model: keras.Model) -> None:
    graph = network.training_graph(model, "bfloat16")
    logits = graph(IMAGES, training=False)
    assert logits.dtype == tf.float32
    assert graph.get_layer("conv_1").compute_dtype == "bfloat16"
    assert {variable.dtype for variable in graph.weights} == {"float32"}
    np.testing.assert_allclose(tf.nn.softmax(logits), model.predict_on_batch(IMAGES), atol=0.1)


def test_weights_go_back_to_the_model_they_came_from(model: keras.Model) -> None:
    before = model.get_weights()
    graph = network.training_graph(model, "bfloat16")
    for variable in model.weights:
        variable.assign(tf.zeros(variable.shape))
    network.copy_weights(graph, model)
    for variable, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_normalisation_in_the_graph_is_the_fused_one_with_the_settings_momentum() -> None:
    settings = training_settings(architecture="model3", batch_norm_momentum=0.75)
    graph = network.training_graph(built(settings), "float32")
    norms = [x for x in graph.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert [type(norm) for norm in norms] == [FusedBatchNormalization] * 3
    assert [(norm.momentum, norm.epsilon) for norm in norms] == [(0.75, 0.001)] * 3


@pytest.mark.parametrize("apart", [False, True])
def test_biases_of_plain_convolutions_alone_are_summed_apart_where_that_is_quicker(
    monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    monkeypatch.setattr(machine, "sums_biases_apart", lambda precision: apart)
    model = built(training_settings(architecture="model3"))
    graph = network.training_graph(model, "float32")
    taken = [layer.name for layer in graph.layers if isinstance(layer, BiasSummedApart)]
    assert taken == (["conv_1", "conv_2"] if apart else [])
    pixels = keras.Input((8, 8, 1))
    without = keras.layers.Conv2D(2, 3, use_bias=False)(pixels)
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(without))
    layers = network.training_graph(keras.Model(pixels, outputs), "float32").layers
    assert not any(isinstance(layer, BiasSummedApart) for layer in layers)


def test_the_last_layer_gives_logits_whatever_its_name() -> None:
    pixels = keras.Input((28, 28, 1))
    flat = keras.layers.Flatten()(pixels)
    model = keras.Model(pixels, keras.layers.Dense(10, activation="softmax", name="other")(flat))
    logits = network.training_graph(model, "float32")(IMAGES)
    np.testing.assert_allclose(keras.ops.softmax(logits), model(IMAGES), rtol=1e-5, atol=1e-6)
