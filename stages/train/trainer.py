"""One step of training and one of validation, each a single TensorFlow graph."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from stages.backend import keras, tf
from stages.common.arrays import release, scoring_batches
from stages.common.errors import StageError, named
from stages.settings import TrainingSettings
from stages.train.augmentation import augment
from stages.train.network import REMEDY, batch_normalizations, place
from stages.train.optimizers import Optimizer


class Trainer:
    """A training graph, its optimizer and the functions that run them.

    ``kept`` is the graph that is validated and saved: with ``ema_momentum`` a second one, which
    has the exponential average of the weights, otherwise the training graph itself. Images stay
    uint8 until they are in the graph. XLA is off: on a CPU it cannot use oneDNN's convolutions
    and is slower.
    """

    def __init__(
        self, make_graph: Callable[[], tuple[keras.Model, bool]], settings: TrainingSettings
    ) -> None:
        self.graph, self.from_logits = make_graph()
        self.variables = [variable.value for variable in self.graph.trainable_variables]
        self.optimizer = Optimizer(settings, self.variables)
        self.settings = settings
        self.kept = self.graph
        self._norms: list[keras.layers.Layer] = []
        # The momentum of batch normalisation while the statistics of the average are computed.
        self._norm_momentum = tf.Variable(0.0, trainable=False)
        if settings.ema_momentum:
            self.kept, _ = make_graph()
            self._norms = batch_normalizations(self.kept)
            for layer in self._norms:
                layer.momentum = self._norm_momentum
        images = tf.TensorSpec(self.graph.input_shape, tf.uint8)
        labels = tf.TensorSpec(self.graph.output_shape, tf.float32)
        number, seed = tf.TensorSpec([], tf.float32), tf.TensorSpec([2], tf.int32)
        # As in Keras, no layer's Python is rewritten.
        function = partial(tf.function, jit_compile=False, autograph=False)
        self.train_step = function(self._train_step, input_signature=[images, labels, number, seed])
        self.average = function(self._average, input_signature=[number])
        self._score = function(self._score_batch, input_signature=[images, labels])
        self._take_statistics = function(self._take_statistics_of, input_signature=[images, seed])

    def trace(self) -> None:
        """Make all graphs that a training calls, so that none is made later.

        Raises:
            StageError: what a layer computes is not possible in a graph, or not in its precision.
        """
        wanted = [self.train_step, self._score]
        wanted += [self.average] if self.kept is not self.graph else []
        wanted += [self._take_statistics] if self._norms else []
        try:
            for function in wanted:
                function.get_concrete_function()
        except Exception as error:
            precision = self.settings.precision
            remedy = "" if precision == "float32" else f" (precision {precision}{REMEDY})"
            where = place(self.graph.name, self.settings)
            raise StageError(f"{where}: {named(error)}{remedy}") from None

    @property
    def state(self) -> list[Any]:
        """All that a later run needs to continue, including the state that dropout draws from."""
        averaged = [] if self.kept is self.graph else self.kept.variables
        return [*self.graph.variables, *averaged, *self.optimizer.state]

    def _train_step(
        self, images: tf.Tensor, labels: tf.Tensor, learning_rate: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Update the weights with one batch; return its summed loss and number of hits."""
        pixels = self._augmented(images, seed)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.variables)
            outputs = tf.cast(self.graph(pixels, training=True), tf.float32)
            smoothing = self.settings.label_smoothing
            targets = labels * (1 - smoothing) + smoothing / labels.shape[1]
            losses = self._cross_entropy(targets, outputs)
            loss, loss_sum = tf.reduce_mean(losses), tf.reduce_sum(losses)
            if self.graph.losses:
                more = added_loss(self.graph)
                loss, loss_sum = loss + more, loss_sum + more * len_of(images)
        self.optimizer.apply(tape.gradient(loss, self.variables), learning_rate)
        for variable in self.graph.trainable_variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        return loss_sum, count_correct(outputs, labels)

    def _cross_entropy(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """Return the loss (n,) of a graph's *outputs* (n, classes), logits or probabilities."""
        if self.from_logits:
            return tf.nn.softmax_cross_entropy_with_logits(targets, outputs)
        return keras.losses.categorical_crossentropy(targets, outputs)

    def _average(self, rate: tf.Tensor) -> None:
        for average, variable in zip(self.kept.trainable_variables, self.variables, strict=True):
            average.value.assign_add((variable - average.value) * tf.cast(rate, variable.dtype))

    def _augmented(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return *images* (n, height, width, channels) uint8 as they are trained on, in float32."""
        return augment(tf.cast(images, tf.float32), self.settings, seed)

    def recompute_statistics(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
        """Compute batch normalisation's statistics for the averaged weights, if there are any.

        They are the means over *batches* of training images, each (n, height, width, channels)
        uint8 with the seed (2,) int32 of its random changes. The statistics from training would be
        wrong, since they belong to other weights. What else is not trained is that of training.
        """
        if self.kept is self.graph:
            return
        pairs = zip(self.kept.non_trainable_weights, self.graph.non_trainable_weights, strict=True)
        for own, other in pairs:
            own.assign(other.value)
        if not self._norms:
            return
        statistics = {id(weight) for norm in self._norms for weight in norm.non_trainable_weights}
        others = [weight for weight in self.kept.weights if id(weight) not in statistics]
        before = [tf.identity(weight.value) for weight in others]
        seen = 0
        for images, seed in batches:
            seen += len(images)
            self._norm_momentum.assign(1 - len(images) / seen)
            self._take_statistics(images, seed)
        # Other layers may count their calls, or change their weights, in training.
        for weight, value in zip(others, before, strict=True):
            weight.assign(value)

    def _take_statistics_of(self, images: tf.Tensor, seed: tf.Tensor) -> None:
        self.kept(self._augmented(images, seed), training=True)

    def _score_batch(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed loss and the number of hits of a batch."""
        outputs = self.kept(tf.cast(images, tf.float32), training=False)
        outputs = tf.cast(outputs, tf.float32)
        loss_sum = tf.reduce_sum(self._cross_entropy(labels, outputs))
        if self.kept.losses:
            loss_sum += added_loss(self.kept) * len_of(images)
        return loss_sum, count_correct(outputs, labels)

    def is_finite(self) -> bool:
        """Return whether every weight is finite; ReLU and max-pooling can hide a NaN."""
        weights = [*self.graph.weights, *self.kept.weights]
        return all(np.isfinite(weight.numpy()).all() for weight in weights)

    def validate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Return (accuracy, mean loss) over all *images*."""
        loss_sum, correct = 0.0, 0
        for chosen in scoring_batches(images):
            batch_loss, batch_correct = self._score(images[chosen], labels[chosen])
            loss_sum += float(batch_loss)
            correct += int(batch_correct)
            release(images)
        return correct / len(images), loss_sum / len(images)


def added_loss(model: keras.Model) -> tf.Tensor:
    """Return the sum of what the layers of *model* added to the loss in its last call."""
    return tf.add_n([tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in model.losses])


def len_of(images: tf.Tensor) -> tf.Tensor:
    """Return the number of *images* as float32."""
    return tf.cast(tf.shape(images)[0], tf.float32)


def count_correct(outputs: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Return for how many rows the largest of *outputs* is where the one-hot *labels* are 1."""
    hits = tf.equal(tf.argmax(outputs, axis=1), tf.argmax(labels, axis=1))
    return tf.reduce_sum(tf.cast(hits, tf.int32))
