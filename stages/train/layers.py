"""Layers that compute the same as stock layers in less time, used in place of them in training.

Each stands in for exactly the case that it computes; in every other one Keras's own layer stays.
"""

from typing import Any

from stages.backend import keras, tf

IMAGES_RANK = 4


def take_stand_ins(graph: keras.Model, *, bias_apart: bool) -> bool:
    """Put stand-ins in the place of layers of *graph*; return whether it then gives logits.

    *bias_apart* is whether :class:`BiasSummedApart` is wanted.
    """
    for layer in graph.layers:
        if _is_rectified_then_pooled(layer):
            layer.activation = keras.activations.linear
            layer._outbound_nodes[0].operation.__class__ = PoolingThenReLU
    for layer in graph._flatten_layers(include_self=False):
        if _is_fusable(layer):
            layer.__class__ = FusedBatchNormalization
        elif bias_apart and _has_plain_bias(layer):
            layer.__class__ = BiasSummedApart
    last = graph.outputs[0]._keras_history.operation
    opens: bool = (
        type(last) in (keras.layers.Dense, keras.layers.Activation)
        and last.activation is keras.activations.softmax
        and _is_plain(last)
    )
    if opens:
        last.activation = keras.activations.linear
    return opens


def _is_rectified_then_pooled(layer: keras.layers.Layer) -> bool:
    takers = [node.operation for node in layer._outbound_nodes]
    return (
        type(layer) is keras.layers.Conv2D
        and layer.activation is keras.activations.relu
        and _is_plain(layer)
        and [type(taker) for taker in takers] == [keras.layers.MaxPooling2D]
        and _is_plain(takers[0])
    )


def _is_plain(layer: keras.layers.Layer) -> bool:
    """Return whether *layer* is called once, and its outputs cost nothing."""
    return len(layer._inbound_nodes) == 1 and layer.activity_regularizer is None


def _is_fusable(layer: keras.layers.Layer) -> bool:
    return (
        type(layer) is keras.layers.BatchNormalization
        and layer.built
        and layer.input_spec.ndim == IMAGES_RANK
        and layer.axis in (-1, IMAGES_RANK - 1)
        and layer.scale
        and layer.center
        and not layer.renorm
        and not layer.synchronized
        and layer.compute_dtype in ("float32", "bfloat16")
        and layer.variable_dtype == "float32"
    )


def _has_plain_bias(layer: keras.layers.Layer) -> bool:
    return (
        type(layer) is keras.layers.Conv2D
        and layer.use_bias
        and layer.data_format == "channels_last"
        and layer.compute_dtype == layer.variable_dtype == "float32"
    )


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer with the same weights and results, over the channels of NHWC images.

    Keras 3 composes it from moments and elementwise passes over memory. TensorFlow's
    ``FusedBatchNormV3`` is one kernel of oneDNN (or cuDNN), and takes bfloat16 directly:
    https://www.tensorflow.org/api_docs/python/tf/raw_ops/FusedBatchNormV3
    """

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Return *inputs* (n, height, width, channels) normalised, in their dtype."""
        if mask is not None:
            return super().call(inputs, training=training, mask=mask)
        # autocasting would pass bfloat16 copies; the kernel needs the float32 originals
        learns = bool(training and self.trainable)
        kept = self.moving_mean.value, self.moving_variance.value
        mean, variance = (tf.zeros([0]), tf.zeros([0])) if learns else kept
        result = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=mean,
            variance=variance,
            epsilon=self.epsilon,
            is_training=learns,
        )
        if not learns:
            return result.y
        # The kernel returns the unbiased variance; Keras's layer keeps the biased one.
        count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
        biased = result.batch_variance * (count - 1) / count
        for moving, batch in zip(kept, (result.batch_mean, biased), strict=True):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return result.y


class PoolingThenReLU(keras.layers.MaxPooling2D):
    """A convolution's ReLU and the max-pooling after it, computed on a quarter of the values.

    ReLU preserves order, so the maximum of rectified values is the rectified maximum; the
    gradients are the same, too.
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return *inputs* (n, height, width, channels) pooled, then rectified."""
        return keras.ops.relu(super().call(inputs))


class BiasSummedApart(keras.layers.Conv2D):
    """Keras's convolution, except that the gradient of its bias is summed separately.

    TensorFlow lets oneDNN sum it together with the weights' gradient, in one kernel. Without
    bfloat16 that takes up to five times as long as the weights' gradient alone.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return *inputs* (n, height, width, channels) convolved, in float32."""
        outputs = _add_bias(self.convolution_op(inputs, self.kernel), self.bias.value)
        return self.activation(outputs)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _add_bias(values: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Return *values* (n, height, width, channels) plus *bias* (channels,), and the gradient."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # The other shape keeps TensorFlow from fusing the two gradients.
        rows = tf.reshape(upstream, [-1, upstream.shape[-1]])
        return upstream, tf.raw_ops.BiasAddGrad(out_backprop=rows)

    return tf.nn.bias_add(values, bias), gradient
