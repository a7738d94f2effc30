"""A model in two forms: the stock Keras model that is saved, and the graph that is trained."""

import importlib
from typing import Any

from stages.backend import keras, tf
from stages.common.errors import StageError, one_line
from stages.processed import Pixels
from stages.settings import TrainingSettings
from stages.train import machine
from stages.train.layers import BiasSummedApart, FusedBatchNormalization, PoolingThenReLU


def build(
    name: str, settings: TrainingSettings, image: tuple[int, ...], classes: int, pixels: Pixels
) -> keras.Model:
    """Return the untrained stock model *name*, in float32.

    It takes raw pixels (n, *image*) in 0..255, whose mean and deviation are *pixels*, and returns
    the probabilities (n, *classes*).

    Raises:
        StageError: the architecture cannot be built for such images.
    """
    architecture = importlib.import_module(f"stages.architectures.{settings.architecture}")
    filters = architecture.FILTERS if settings.filters is None else settings.filters
    dense = architecture.DENSE if settings.dense is None else settings.dense
    inputs = x = keras.Input(image, name="pixels")
    if settings.normalize:
        scale = [1 / deviation for deviation in pixels.deviation]
        offset = [-mean * factor for mean, factor in zip(pixels.mean, scale, strict=True)]
        x = keras.layers.Rescaling(scale, offset, name="normalize")(x)
    try:
        outputs = architecture.connect(x, tuple(filters), tuple(dense), classes)
    # Keras raises this where the input of a pooling, or of a kernel without padding, is too small.
    except ValueError as error:
        raise StageError(
            f"{name}: {settings.architecture} cannot be built for images of {image[1]} x {image[0]}"
            f" pixels, which may be too small for it (data.size enlarges them): {one_line(error)}"
        ) from None
    model = keras.Model(inputs, outputs, name=name)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = settings.batch_norm_momentum
    return model


def training_graph(model: keras.Model, precision: str) -> keras.Model:
    """Return a copy of *model* to train: the same weights, computed in *precision*.

    It returns logits (n, classes) in float32 instead of probabilities, normalises batches with
    the fused kernel, applies ReLU after pooling if a convolution comes right before it, and sums
    the gradients of convolutions' biases separately where that is faster. The weights are float32
    in either precision.
    """
    bias_apart = machine.sums_biases_apart(precision)
    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    rectified_late = {
        name for pair in rectified_then_pooled(model) for name in (pair[0].name, pair[1].name)
    }

    def for_training(layer: keras.layers.Layer) -> keras.layers.Layer:
        config: dict[str, Any] = layer.get_config()
        if isinstance(layer, keras.layers.InputLayer):
            return type(layer).from_config(config)
        config["dtype"] = policy
        if layer.name in rectified_late:
            if isinstance(layer, keras.layers.MaxPooling2D):
                return PoolingThenReLU.from_config(config)
            config["activation"] = "linear"
        if layer.output is model.output:
            # In bfloat16 the logits would have only two to three digits.
            config |= {"dtype": "float32", "activation": "linear"}
        if isinstance(layer, keras.layers.BatchNormalization):
            return FusedBatchNormalization.from_config(config)
        if bias_apart and _adds_a_bias(layer):
            return BiasSummedApart.from_config(config)
        return type(layer).from_config(config)

    graph = keras.models.clone_model(model, clone_function=for_training)
    copy_weights(model, graph)
    return graph


def _adds_a_bias(layer: keras.layers.Layer) -> bool:
    """Return whether *layer* is a plain convolution of images with a bias."""
    return (
        type(layer) is keras.layers.Conv2D
        and layer.use_bias
        and layer.data_format == "channels_last"
    )


def rectified_then_pooled(
    model: keras.Model,
) -> list[tuple[keras.layers.Layer, keras.layers.Layer]]:
    """Return the convolutions with ReLU whose only consumer is a max-pooling, with that layer."""
    pairs = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.activation is keras.activations.relu:
            takers = [
                taker
                for taker in model.layers
                if any(tensor is layer.output for tensor in tf.nest.flatten(taker.input))
            ]
            if [type(taker) for taker in takers] == [keras.layers.MaxPooling2D]:
                pairs.append((layer, takers[0]))
    return pairs


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of *source* to *target*, whose variables have the same order."""
    for variable, value in zip(target.weights, source.weights, strict=True):
        variable.assign(tf.convert_to_tensor(value))
