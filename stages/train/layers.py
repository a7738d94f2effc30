"""Layers that compute the same as stock layers in less time, used in place of them in training."""

from typing import Any

from stages.backend import keras, tf


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
        del mask  # images have none
        # autocasting would pass bfloat16 copies; the kernel needs the float32 originals
        gamma, beta = self.gamma.value, self.beta.value
        if not training:
            return tf.raw_ops.FusedBatchNormV3(
                x=inputs,
                scale=gamma,
                offset=beta,
                mean=self.moving_mean.value,
                variance=self.moving_variance.value,
                epsilon=self.epsilon,
                is_training=False,
            ).y
        result = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=gamma,
            offset=beta,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel returns the unbiased variance; Keras's layer keeps the biased one.
        count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
        biased = result.batch_variance * (count - 1) / count
        for moving, batch in (
            (self.moving_mean, result.batch_mean),
            (self.moving_variance, biased),
        ):
            moving.assign(moving.value * self.momentum + batch * (1 - self.momentum))
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
