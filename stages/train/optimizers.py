"""Keras's optimizers, each computed in one fused kernel per variable.

Keras updates each variable in a dozen elementwise passes over memory; a kernel needs one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from stages.backend import tf
from stages.settings import TrainingSettings

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
MOMENTUM = 0.9


class Optimizer(ABC):
    """Updates variables along their gradients; *weight_decay* as in Keras, apart from the loss.

    It shrinks each variable by ``weight_decay * learning_rate`` before each step (Loshchilov and
    Hutter, https://arxiv.org/abs/1711.05101).
    """

    def __init__(self, variables: Sequence[tf.Variable], weight_decay: float = 0) -> None:
        self.variables = list(variables)
        self.weight_decay = weight_decay

    @property
    @abstractmethod
    def state(self) -> list[tf.Variable]:
        """All that a later run needs to continue."""

    def apply(self, gradients: Sequence[tf.Tensor], learning_rate: tf.Tensor) -> None:
        """Update the variables by one step along *gradients*."""
        if self.weight_decay:
            for variable in self.variables:
                rate = tf.cast(learning_rate, variable.dtype)
                variable.assign_sub(variable * self.weight_decay * rate)
        self._step(gradients, learning_rate)

    @abstractmethod
    def _step(self, gradients: Sequence[tf.Tensor], learning_rate: tf.Tensor) -> None:
        """Update the variables and the state."""

    def _zeros(self) -> list[tf.Variable]:
        """Return a variable for each that is trained, at 0."""
        return [tf.Variable(tf.zeros_like(each), trainable=False) for each in self.variables]


class Adam(Optimizer):
    """Adam (Kingma and Ba, https://arxiv.org/abs/1412.6980) with Keras's defaults.

    With a *weight_decay* it is AdamW.
    """

    def __init__(self, variables: Sequence[tf.Variable], weight_decay: float = 0) -> None:
        super().__init__(variables, weight_decay)
        self.means, self.squares = self._zeros(), self._zeros()
        self.powers = [tf.Variable(BETA_1, trainable=False), tf.Variable(BETA_2, trainable=False)]

    @property
    def state(self) -> list[tf.Variable]:
        """Both moments, and the powers of both betas."""
        return [*self.means, *self.squares, *self.powers]

    def _step(self, gradients: Sequence[tf.Tensor], learning_rate: tf.Tensor) -> None:
        for variable, mean, square, gradient in zip(
            self.variables, self.means, self.squares, gradients, strict=True
        ):
            power_1, power_2, rate = (
                tf.cast(value, variable.dtype) for value in (*self.powers, learning_rate)
            )
            if isinstance(gradient, tf.IndexedSlices):
                # Keras squares what each look-up of a row adds to its gradient, not their sum.
                square.assign_add((1 - BETA_2) * (summed(gradient, tf.square) - square))
                mean.assign_add((1 - BETA_1) * (summed(gradient) - mean))
                step = rate * tf.sqrt(1 - power_2) / (1 - power_1)
                variable.assign_sub(step * mean / (tf.sqrt(square) + EPSILON))
                continue
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
        for power, beta in zip(self.powers, (BETA_1, BETA_2), strict=True):
            power.assign(power * beta)


class SGD(Optimizer):
    """Gradient descent with Nesterov's momentum of 0.9, as Keras computes it."""

    def __init__(self, variables: Sequence[tf.Variable], weight_decay: float = 0) -> None:
        super().__init__(variables, weight_decay)
        self.velocities = self._zeros()

    @property
    def state(self) -> list[tf.Variable]:
        """The velocities."""
        return self.velocities

    def _step(self, gradients: Sequence[tf.Tensor], learning_rate: tf.Tensor) -> None:
        for variable, velocity, gradient in zip(
            self.variables, self.velocities, gradients, strict=True
        ):
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle,
                accum=velocity.handle,
                lr=tf.cast(learning_rate, variable.dtype),
                grad=summed(gradient),
                momentum=MOMENTUM,
                use_nesterov=True,
            )


def summed(
    gradient: tf.Tensor | tf.IndexedSlices, change: Callable[[tf.Tensor], tf.Tensor] = tf.identity
) -> tf.Tensor:
    """Return a *gradient* as one tensor: an embedding's comes as the rows that were looked up.

    Each of them is changed before those of the same row are added.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows = tf.IndexedSlices(change(gradient.values), gradient.indices, gradient.dense_shape)
    return tf.convert_to_tensor(rows)


# Keras's Adam takes a weight decay, too, and then is its AdamW.
OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": Adam, "adamw": Adam, "sgd": SGD}


def make(settings: TrainingSettings, variables: Sequence[tf.Variable]) -> Optimizer:
    """Return the optimizer that *settings* ask for."""
    return OPTIMIZERS[settings.optimizer](variables, settings.weight_decay)
