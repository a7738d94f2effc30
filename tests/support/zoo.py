"""Small architectures, one for each way of connecting layers that training has to get right.

But for those in :data:`LARGE`, none has weights whose gradient is zero but for rounding, such as
a bias right before batch normalisation, or that of an attention's keys: Adam makes a full step of
whatever rounding leaves.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, TypeAlias

from stages.backend import keras

layers, ops = keras.layers, keras.ops
Tensor: TypeAlias = keras.KerasTensor
Architecture = Callable[[Tensor, int], Tensor]
Layer = Callable[[], Any]

ARCHITECTURES: dict[str, Architecture] = {}

norm = layers.BatchNormalization
pool = partial(layers.MaxPooling2D, 2)
dense = partial(layers.Dense, bias_initializer="random_normal")
softmax = partial(dense, activation="softmax")
conv = partial(
    layers.Conv2D, 4, 3, padding="same", activation="gelu", bias_initializer="random_normal"
)
average = layers.GlobalAveragePooling2D
preprocess = keras.applications.mobilenet_v2.preprocess_input
L2 = keras.regularizers.L2


def entry(connect: Architecture) -> Architecture:
    """Enter an architecture under its function's name."""
    ARCHITECTURES[connect.__name__] = connect
    return connect


def stem(x: Tensor, **options: Any) -> Tensor:
    """Return scaled pixels after a convolution: half the size, 4 channels, unless *options* say."""
    return conv(**{"strides": 2} | options)(layers.Rescaling(1 / 127.5, -1)(x))


def head(x: Tensor, classes: int) -> Tensor:
    """Return probabilities for whatever features."""
    return softmax(classes)(layers.Flatten()(x))


def pooled(x: Tensor) -> Tensor:
    """Return the stem's mean over each image."""
    return average()(stem(x))


def steps(x: Tensor) -> Tensor:
    """Return an image's places as a sequence."""
    return layers.Reshape((prod(x.shape[1:3]), x.shape[3]))(x)


def frozen(layer: Any) -> Any:
    """Return *layer*, not to be trained."""
    layer.trainable = False
    return layer


def nested(x: Tensor, *inside: Any, trainable: bool = True, **call: Any) -> Tensor:
    """Return what a functional model of the layers *inside*, called with *call*, makes of *x*."""
    inputs = outputs = keras.Input(x.shape[1:])
    for layer in inside:
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    model.trainable = trainable
    return model(x, **call)


def each(shared: Any, *inputs: Tensor) -> list[Tensor]:
    """Return what one layer makes of several *inputs*."""
    return [shared(x) for x in inputs]


# Custom parts, registered as Keras asks for.


@keras.saving.register_keras_serializable("zoo")
class Scale(keras.layers.Layer):
    """Multiplies each channel by a weight of its own."""

    def build(self, shape: Sequence[int | None]) -> None:
        """Make the weight."""
        self.factor = self.add_weight(shape=shape[-1:], initializer="ones", name="factor")

    def call(self, x: Tensor) -> Tensor:
        """Return *x* scaled."""
        return x * self.factor


@keras.saving.register_keras_serializable("zoo")
class Penalty(keras.layers.Layer):
    """Passes its input on and adds to the loss for it, by a weight that nothing else needs."""

    def build(self, shape: Sequence[int | None]) -> None:
        """Make the weight."""
        self.factor = self.add_weight(initializer="ones", name="factor")

    def call(self, x: Tensor) -> Tensor:
        """Return *x*."""
        self.add_loss(self.factor * ops.mean(ops.square(x)))
        return x


@keras.saving.register_keras_serializable("zoo")
class Block(keras.Model):
    """A subclassed model: a residual convolution with batch normalisation."""

    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(**options)
        self.filters = filters
        self.conv = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        self.norm = norm()

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        """Return *x* and what the convolution makes of it."""
        return x + self.norm(self.conv(x), training=training)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the same block."""
        return {**super().get_config(), "filters": self.filters}


def bent(x: Tensor) -> Tensor:
    """Return *x*, bent without a kink."""
    return x * ops.sigmoid(2 * x)


keras.saving.register_keras_serializable("zoo")(bent)


# One layer on raw pixels, on the stem, on linear features.

ON_PIXELS: dict[str, Layer] = {
    "random_flip": layers.RandomFlip,
    "random_rotation": partial(layers.RandomRotation, 0.1),
    "random_contrast": partial(layers.RandomContrast, 0.3),
    "normalization": partial(layers.Normalization, mean=[100, 110, 120], variance=[0.3, 0.4, 0.5]),
}
ON_STEM: dict[str, Layer] = {
    "dropout": partial(layers.Dropout, 0.3),
    "spatial_dropout": partial(layers.SpatialDropout2D, 0.3),
    "gaussian_noise": partial(layers.GaussianNoise, 0.1),
    "norm_unscaled": partial(norm, scale=False),
    "norm_uncentred": partial(norm, center=False),
    "norm_of_rows": partial(norm, axis=1),
    "norm_frozen": lambda: frozen(norm()),
    "norm_renorm": partial(norm, renorm=True),
    "norm_regularized": partial(norm, gamma_regularizer=L2(0.1)),
    "norm_in_sequential": lambda: keras.Sequential([conv(), norm()]),
    "activity_regularization": partial(layers.ActivityRegularization, l2=0.01),
    "added_loss": Penalty,
    "kernel_regularized": partial(conv, kernel_regularizer=L2(0.1)),
    "bias_regularized": partial(conv, bias_regularizer=L2(0.1)),
    "max_norm": partial(conv, kernel_constraint=keras.constraints.MaxNorm(0.5)),
    "unit_norm": partial(conv, kernel_constraint=keras.constraints.UnitNorm(axis=[0, 1, 2])),
    "regularized_in_nested": lambda: keras.Sequential([conv(kernel_regularizer=L2(0.1)), conv()]),
    "frozen_conv": lambda: frozen(conv()),
    "one_frozen_in_nested": lambda: keras.Sequential([conv(), frozen(conv()), norm()]),
    "depthwise": partial(layers.DepthwiseConv2D, 3, depth_multiplier=2, activation="gelu"),
    "separable": partial(layers.SeparableConv2D, 6, 3, activation="gelu"),
    "dilated": partial(conv, dilation_rate=2),
    "grouped": partial(conv, groups=2),
    "upsampled_bilinear": partial(layers.UpSampling2D, 2, interpolation="bilinear"),
    "layer_norm": layers.LayerNormalization,
    "group_norm": partial(layers.GroupNormalization, 2),
    "unit_normalization": partial(layers.UnitNormalization, axis=[1, 2]),
    "spectral_norm": lambda: layers.SpectralNormalization(conv()),
    "in_float64": partial(layers.Dense, 4, dtype="float64"),
    "custom_layer": Scale,
    "custom_model": partial(Block, 4),
    "custom_activation": partial(conv, activation=bent),
}
ON_LINEAR: dict[str, Layer] = {
    "norm_after_conv": norm,
    "prelu": partial(layers.PReLU, "zeros", shared_axes=[1, 2]),
}
# The stem's options, and what pools its output.
RELU: dict[str, Any] = {"strides": 1, "activation": "relu"}
POOLED: dict[str, tuple[dict[str, Any], Layer]] = {
    "relu_pool": (RELU, pool),
    "relu_pool_same": (RELU, partial(layers.MaxPooling2D, 3, 2, padding="same")),
    "relu_average_pool": (RELU, partial(layers.AveragePooling2D, 2)),
    "relu_penalised_pool": (RELU | {"activity_regularizer": L2(0.01)}, pool),
    "gelu_pool": ({}, pool),
}


# How a table's layers are connected, each a function of what makes one of them.
TABLES: list[tuple[Callable[[Any, Tensor], Tensor], dict[str, Any]]] = [
    (lambda make, x: stem(make()(x)), ON_PIXELS),
    (lambda make, x: make()(stem(x)), ON_STEM),
    (lambda make, x: make()(stem(x, activation=None, use_bias=False)), ON_LINEAR),
    (lambda line, x: line[1]()(stem(x, **line[0])), POOLED),
]


def with_head(connect: Callable[[Any, Tensor], Tensor], line: Any) -> Architecture:
    """Return the architecture that a table's *line* stands for."""
    return lambda x, classes: head(connect(line, x), classes)


for connect, table in TABLES:
    ARCHITECTURES |= {name: with_head(connect, line) for name, line in table.items()}

ARCHITECTURES |= {
    # Batch normalisation elsewhere.
    "norm_after_dense": lambda x, classes: head(
        norm()(dense(6, activation="gelu")(layers.Flatten()(stem(x)))), classes
    ),
    "norm_after_average": lambda x, classes: head(norm()(pooled(x)), classes),
    "norm_of_sequence": lambda x, classes: head(norm()(steps(stem(x))), classes),
    # Keras trains it as any other: a model's own call decides for the layers in it.
    "norm_called_for_inference": lambda x, classes: head(norm()(stem(x), training=False), classes),
    "norm_in_functional": lambda x, classes: head(nested(stem(x), conv(), norm()), classes),
    "norm_shared": lambda x, classes: head(layers.Add()(each(norm(), stem(x), stem(x))), classes),
    # Endings.
    "ends_in_softmax_layer": lambda x, classes: layers.Softmax()(dense(classes)(pooled(x))),
    "ends_in_activation": lambda x, classes: layers.Activation("softmax")(
        dense(classes)(pooled(x))
    ),
    "ends_in_operation": lambda x, classes: ops.softmax(dense(classes)(pooled(x))),
    "ends_in_flatten": lambda x, classes: layers.Flatten()(
        layers.Conv2D(classes, 1, activation="softmax")(average(keepdims=True)(stem(x)))
    ),
    "ends_in_reshape": lambda x, classes: layers.Reshape((classes,))(
        softmax(classes)(layers.Reshape((1, 4))(pooled(x)))
    ),
    "ends_in_pooling": lambda x, classes: average()(
        layers.Conv2D(classes, 1, activation="softmax")(stem(x))
    ),
    "ends_in_average": lambda x, classes: layers.Average()(
        [head(stem(x), classes), head(pooled(x), classes)]
    ),
    "ends_in_shared_head": lambda x, classes: layers.Average()(
        each(softmax(classes), pooled(x), pooled(x))
    ),
    "ends_in_model": lambda x, classes: nested(stem(x), layers.Flatten(), softmax(classes)),
    "ends_penalised": lambda x, classes: softmax(classes, activity_regularizer=L2(0.1))(pooled(x)),
    # Models inside, and shared ones.
    "frozen_backbone": lambda x, classes: head(
        nested(stem(x), conv(), norm(), conv(), trainable=False, training=False), classes
    ),
    "layer_called_twice": lambda x, classes: head(nested(stem(x), *[conv()] * 2), classes),
    "shared_layers": lambda x, classes: head(layers.Add()(each(conv(), stem(x), stem(x))), classes),
    # Operations in place of layers. Keras loads a Lambda only if told that it is safe.
    "plus": lambda x, classes: head(stem(x) + stem(x), classes),
    "divided": lambda x, classes: head(conv()(x / 255.0), classes),
    "sliced": lambda x, classes: head(stem(x[:, 1:-1, 2:]), classes),
    "operations": lambda x, classes: head(ops.square(ops.tanh(stem(x))), classes),
    "preprocess_input": lambda x, classes: head(conv()(preprocess(x)), classes),
    "python_lambda": lambda x, classes: head(layers.Lambda(lambda y: y * 0.5)(stem(x)), classes),
}


@entry
def relu_pool_shared(x: Tensor, classes: int) -> Tensor:
    """Pool features with ReLU, and others with negative ones, by one layer."""
    shared = pool()
    return head(layers.Concatenate()(each(shared, stem(x, activation="relu"), stem(x))), classes)


@entry
def ends_in_shared_activation(x: Tensor, classes: int) -> Tensor:
    """Take the softmax of features and, by the same layer, of the logits."""
    shared = layers.Activation("softmax")
    return shared(dense(classes)(shared(dense(6)(pooled(x)))))


@entry
def relu_pool_and_skip(x: Tensor, classes: int) -> Tensor:
    """Pool features that are also used as they are."""
    x = stem(x, activation="relu")
    return head(layers.Concatenate()([pool()(x), conv(strides=2)(x)]), classes)


@entry
def relu_shared_pool(x: Tensor, classes: int) -> Tensor:
    """Pool after a convolution that is used twice."""
    shared = conv(activation="relu")
    once = shared(stem(x))
    return head(layers.Concatenate()([pool()(once), pool()(shared(once) + once)]), classes)


@entry
def residual(x: Tensor, classes: int) -> Tensor:
    """Add what convolutions make of a sum to it, twice."""
    x = stem(x)
    for _ in range(2):
        x = layers.Add()([x, norm()(conv()(x))])
    return head(x, classes)


@entry
def inception(x: Tensor, classes: int) -> Tensor:
    """Join kernels of several sizes."""
    x = stem(x)
    branches = [layers.Conv2D(2, size, padding="same")(x) for size in (1, 3, 5)]
    branches.append(layers.MaxPooling2D(3, 1, padding="same")(x))
    return head(layers.Concatenate()(branches), classes)


@entry
def squeeze_and_excite(x: Tensor, classes: int) -> Tensor:
    """Weight channels by their means."""
    x = stem(x)
    weights = dense(3, activation="gelu")(average(keepdims=True)(x))
    return head(layers.Multiply()([x, dense(4, activation="sigmoid")(weights)]), classes)


@entry
def vision_transformer(x: Tensor, classes: int) -> Tensor:
    """Embed patches and their places for one block."""
    x = layers.Conv2D(6, 4, strides=4)(layers.Rescaling(1 / 127.5, -1)(x))
    x = steps(x)
    place = ops.cumsum(ops.ones_like(x[:, :, 0], dtype="int32"), axis=1) - 1
    x = x + layers.Embedding(x.shape[1], 6)(place)
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(2, 3, use_bias=False)(y, y)
    y = dense(8, activation="gelu")(layers.LayerNormalization()(x))
    x = layers.LayerNormalization()(x + dense(6)(y))
    return head(layers.GlobalAveragePooling1D()(x), classes)


@entry
def masked_rows(x: Tensor, classes: int) -> Tensor:
    """Read the rows of an image both ways, but not what pads it."""
    rows = layers.Reshape((x.shape[1], prod(x.shape[2:])))(x / 127.5 - 1)
    rows = layers.Masking()(layers.ZeroPadding1D((0, 2))(rows))
    return head(layers.Bidirectional(layers.GRU(3))(rows), classes)


# Applications of Keras, each as a layer.


def application(make: Callable[..., Any], x: Tensor, **options: Any) -> Tensor:
    """Return what one of Keras's applications, untrained, makes of *x*.

    So deep and untrained, its gradients for one batch in two orders would differ by a hundredth;
    with a larger epsilon they differ by rounding.
    """
    model = make(**{"weights": None, "input_shape": x.shape[1:], "include_top": False} | options)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.epsilon = 1
    return model(x)


applications = keras.applications
small = partial(applications.MobileNetV2, alpha=0.35)
minimalistic = partial(applications.MobileNetV3Small, minimalistic=True)
ARCHITECTURES |= {
    "mobilenet_v3": lambda x, classes: head(application(minimalistic, x), classes),
    "efficientnet": lambda x, classes: head(application(applications.EfficientNetB0, x), classes),
    "mobilenet_v2": lambda x, classes: application(
        small, preprocess(x), include_top=True, classes=classes
    ),
}

# Those that need images of 32 by 32 pixels. Rounding alone moves some of their weights, such as the
# shifts of a normalisation whose output goes through a convolution to another normalisation.
LARGE = frozenset({"mobilenet_v2", "mobilenet_v3", "efficientnet"})
