"""Max-pooling before ReLU instead of after it: the same numbers from a quarter of the values."""

import keras


class PoolingThenReLU(keras.layers.MaxPooling2D):
    """Stands for a convolution's ReLU followed by max-pooling.

    ReLU never reverses an order, so the largest of the rectified values is the rectified largest
    value; the gradients are the same too.
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Return *inputs* (n, height, width, channels), not yet rectified, pooled and rectified."""
        return keras.ops.relu(super().call(inputs))
