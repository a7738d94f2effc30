"""Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980) in one fused kernel per variable."""

from collections.abc import Sequence

from stages.backend import tf

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class Adam(tf.Module):
    """Keras's Adam with its defaults, computed by TensorFlow's ``ResourceApplyAdam``.

    Keras updates each variable in a dozen elementwise passes over memory; the kernel needs one.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        super().__init__()
        self.variables_to_train = list(variables)
        self.means = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.squares = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.powers = [tf.Variable(BETA_1, trainable=False), tf.Variable(BETA_2, trainable=False)]

    @property
    def state(self) -> list[tf.Variable]:
        """All that a later run needs to continue: both moments and the powers of both betas."""
        return [*self.means, *self.squares, *self.powers]

    def apply(self, gradients: Sequence[tf.Tensor], learning_rate: tf.Tensor) -> None:
        """Update the variables by one step along *gradients*."""
        power_1, power_2 = self.powers
        for variable, mean, square, gradient in zip(
            self.variables_to_train, self.means, self.squares, gradients, strict=True
        ):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=power_1,
                beta2_power=power_2,
                lr=learning_rate,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=gradient,
            )
        power_1.assign(power_1 * BETA_1)
        power_2.assign(power_2 * BETA_2)
