"""A model in two forms: the stock Keras model that is saved, and the graph that is trained."""

import traceback
from collections.abc import Callable, Iterator
from typing import Any

from stages.backend import keras, tf
from stages.common.errors import StageError, named, one_line
from stages.opening import PACKAGE, load_architecture
from stages.processed import Pixels
from stages.settings import TrainingSettings
from stages.train import machine
from stages.train.layers import take_stand_ins

FOLDER = PACKAGE.replace(".", "/")
REMEDY = "; if that is the reason, set train.precision to float32"
# Large enough for every architecture that only needs larger images than it got.
LARGE = 96


def place(name: str, settings: TrainingSettings) -> str:
    """Return how messages name the model *name* and the file of its architecture."""
    return f"{name}: {FOLDER}/{settings.architecture}.py"


def build(
    name: str, settings: TrainingSettings, image: tuple[int, ...], classes: int, pixels: Pixels
) -> keras.Model:
    """Return the untrained stock model *name*, in Keras's present dtype policy.

    It takes raw pixels (n, *image*) in 0..255, whose mean and deviation are *pixels*, and returns
    the probabilities (n, *classes*).

    Raises:
        StageError: the architecture fails, or gives something else than one such tensor.
    """
    where = place(name, settings)
    # What an architecture draws itself is the same in each of a model's forms, and no layer of
    # theirs is the same.
    keras.utils.set_random_seed(settings.seed)

    def connected(shape: tuple[int, ...]) -> tuple[keras.KerasTensor, Any]:
        architecture = load_architecture(settings.architecture)
        filters = architecture.FILTERS if settings.filters is None else settings.filters
        dense = architecture.DENSE if settings.dense is None else settings.dense
        inputs = x = keras.Input(shape, name="pixels")
        if settings.normalize:
            scale = [1 / deviation for deviation in pixels.deviation]
            offset = [-mean * factor for mean, factor in zip(pixels.mean, scale, strict=True)]
            x = keras.layers.Rescaling(scale, offset, name="normalize")(x)
        return inputs, architecture.connect(x, tuple(filters), tuple(dense), classes)

    try:
        inputs, outputs = connected(image)
    except Exception as error:
        # With the line in the architecture's own file.
        file = f"{FOLDER}/{settings.architecture}.py"
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename.endswith(file)]
        told = (f"line {lines[-1]}: " if lines else "") + named(error)
        try:
            connected((max(LARGE, image[0]), max(LARGE, image[1]), image[2]))
        except Exception:
            raise StageError(f"{where}: {told}") from None
        raise StageError(
            f"{where}: cannot be built for images of {image[1]} x {image[0]} pixels, only for "
            f"larger ones (data.size enlarges them): {told}"
        ) from None
    right = f"it must return one tensor (None, {classes}), the probabilities of the classes"
    if not isinstance(outputs, keras.KerasTensor):
        kind = "None" if outputs is None else f"a {type(outputs).__name__}"
        many = f" of {len(outputs)}" if isinstance(outputs, list | tuple | dict) else ""
        raise StageError(f"{where}: connect returned {kind}{many}; {right}")
    if outputs.shape != (None, classes):
        raise StageError(f"{where}: connect returned a tensor {outputs.shape}; {right}")
    try:
        model = keras.Model(inputs, outputs, name=name)
    # What is returned does not come from x, or two layers have the same name.
    except ValueError as error:
        told = f"what connect returned makes no model of its x: {one_line(error)}"
        raise StageError(f"{where}: {told}") from None
    for layer in batch_normalizations(model):
        layer.momentum = settings.batch_norm_momentum
    return model


def training_graph(
    make: Callable[[], keras.Model], model: keras.Model, precision: str
) -> tuple[keras.Model, bool]:
    """Return what to train for *model*, in *precision*, and whether it gives logits.

    It is what Keras itself would train, with the same weights: *make* builds it under the dtype
    policy of *precision*, in which weights are float32, too. Only where something else computes
    exactly the same in less time, that takes the layer's place, see :mod:`stages.train.layers`.
    What comes after the last weights is computed in float32: in bfloat16 the logits would have only
    two to three digits.

    Raises:
        StageError: it cannot be built in *precision*.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        graph = make()
    except StageError as error:
        # In float32 it could: *model* is there.
        raise StageError(f"{error} (in {precision}{REMEDY})") from None
    finally:
        keras.config.set_dtype_policy(before)
    for layer in closing_layers(graph) if precision == "bfloat16" else ():
        layer.dtype_policy = "float32"
    from_logits = take_stand_ins(graph, bias_apart=machine.sums_biases_apart(precision))
    copy_weights(model, graph)
    return graph, from_logits


def batch_normalizations(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Return the batch normalisations of *model*, including those inside of others."""
    layers = model._flatten_layers(include_self=False)
    return [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]


def closing_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers that come last on each way to the output, up to the first with weights."""
    tensors, seen = list(model.outputs), set()
    while tensors:
        tensor = tensors.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        operation, node, _ = tensor._keras_history
        if isinstance(operation, keras.layers.Layer):
            if inside := getattr(operation, "outputs", None):
                tensors += inside
            else:
                yield from operation._flatten_layers()
            if operation.weights:
                continue
        tensors += operation._inbound_nodes[node].input_tensors


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy the weights of *source* to *target*, whose variables have the same order."""
    for variable, value in zip(target.weights, source.weights, strict=True):
        variable.assign(tf.convert_to_tensor(value))
