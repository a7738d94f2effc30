"""Keras's optimizers with their defaults, each in one fused kernel per variable.

Keras updates each variable in a dozen elementwise passes over memory; a kernel needs one.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeAlias

from stages.backend import tf
from stages.settings import TrainingSettings

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
MOMENTUM = 0.9
Gradient: TypeAlias = tf.Tensor | tf.IndexedSlices


class Optimizer:
    """The optimizer that *settings* ask for, of some *variables*.

    ``adam`` is Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980), ``sgd`` gradient descent with
    Nesterov's momentum. With a ``weight_decay`` each step first shrinks the variables by that,
    times the learning rate, which makes ``adam`` the same as ``adamw`` (Loshchilov and Hutter,
    https://arxiv.org/abs/1711.05101), as in Keras.
    """

    def __init__(self, settings: TrainingSettings, variables: Sequence[tf.Variable]) -> None:
        self.variables = list(variables)
        self.weight_decay = settings.weight_decay
        sgd = settings.optimizer == "sgd"
        self._step: Callable[..., None] = self._sgd if sgd else self._adam
        self.moments = [
            [tf.Variable(tf.zeros_like(variable), trainable=False) for variable in variables]
            for _ in range(1 if sgd else 2)
        ]
        self.powers = [tf.Variable(beta, trainable=False) for beta in (BETA_1, BETA_2)]

    @property
    def state(self) -> list[tf.Variable]:
        """All that a later run needs to continue: the moments, and the powers of both betas."""
        return [*chain(*self.moments), *self.powers]

    def apply(self, gradients: Sequence[Gradient], learning_rate: tf.Tensor) -> None:
        """Update the variables by one step along *gradients*."""
        rows = zip(self.variables, gradients, *self.moments, strict=True)
        for variable, gradient, *moments in rows:
            rate = tf.cast(learning_rate, variable.dtype)
            if self.weight_decay:
                variable.assign_sub(variable * self.weight_decay * rate)
            self._step(variable, gradient, rate, *moments)
        for power, beta in zip(self.powers, (BETA_1, BETA_2), strict=True):
            power.assign(power * beta)

    def _adam(
        self, variable: tf.Variable, gradient: Gradient, rate: tf.Tensor, *moments: tf.Variable
    ) -> None:
        mean, square = moments
        power_1, power_2 = (tf.cast(power, variable.dtype) for power in self.powers)
        if isinstance(gradient, tf.IndexedSlices):
            # Keras squares what each look-up of a row adds to its gradient, not their sum.
            square.assign_add((1 - BETA_2) * (summed(gradient, tf.square) - square))
            mean.assign_add((1 - BETA_1) * (summed(gradient) - mean))
            step = rate * tf.sqrt(1 - power_2) / (1 - power_1)
            variable.assign_sub(step * mean / (tf.sqrt(square) + EPSILON))
            return
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=mean.handle,
            v=square.handle,
            beta1_power=power_1,
            beta2_power=power_2,
            lr=rate,
            beta1=BETA_1,
            beta2=BETA_2,
            epsilon=EPSILON,
            grad=gradient,
        )

    def _sgd(
        self, variable: tf.Variable, gradient: Gradient, rate: tf.Tensor, velocity: tf.Variable
    ) -> None:
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=velocity.handle,
            lr=rate,
            grad=summed(gradient),
            momentum=MOMENTUM,
            use_nesterov=True,
        )


def summed(gradient: Gradient, change: Callable[[tf.Tensor], tf.Tensor] = tf.identity) -> tf.Tensor:
    """Return a *gradient* as one tensor: an embedding's comes as the rows that were looked up.

    Each of them is changed before those of the same row are added.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows = tf.IndexedSlices(change(gradient.values), gradient.indices, gradient.dense_shape)
    return tf.convert_to_tensor(rows)
