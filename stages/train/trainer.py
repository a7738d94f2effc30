"""One step of training and one of validation, each a single TensorFlow graph."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from stages.common.arrays import release
from stages.settings import TrainingSettings
from stages.train.adam import Adam
from stages.train.augmentation import augment, is_wanted
from stages.train.layers import FusedBatchNormalization

# Large enough that the kernels are busy, small enough to need less memory than training does.
VALIDATION_BATCH = 500


class Trainer:
    """A training graph, its optimizer and the functions that run them.

    ``result`` is what is validated and kept: with ``ema_momentum`` a second graph, which has the
    exponential average of the weights, else the graph itself. The images stay uint8 until they
    are in the graph. XLA is off: on a CPU it does without oneDNN's convolutions and is slower.
    """

    def __init__(self, graph: keras.Model, settings: TrainingSettings) -> None:
        self.graph = graph
        self.variables = [variable.value for variable in graph.trainable_variables]
        self.optimizer = Adam(self.variables)
        self.settings = settings
        self.result = keras.models.clone_model(graph) if settings.ema_momentum else graph
        self.averages = [variable.value for variable in self.result.trainable_variables]
        # What batch normalisation keeps of its statistics while those of the average are taken.
        self._kept = tf.Variable(0.0, trainable=False)
        self._averaged_norms = [
            layer
            for layer in self.result.layers
            if isinstance(layer, FusedBatchNormalization) and self.result is not graph
        ]
        for layer in self._averaged_norms:
            layer.momentum = self._kept
        images = tf.TensorSpec(graph.input_shape, tf.uint8)
        labels = tf.TensorSpec(graph.output_shape, tf.float32)
        self.train_step = tf.function(
            self._train_step,
            input_signature=[
                images,
                labels,
                tf.TensorSpec([], tf.float32),
                tf.TensorSpec([2], tf.int32),
            ],
            jit_compile=False,
        )
        self.average = tf.function(
            self._average, input_signature=[tf.TensorSpec([], tf.float32)], jit_compile=False
        )
        self._score = tf.function(
            self._score_batch, input_signature=[images, labels], jit_compile=False
        )
        self._see = tf.function(
            self._see_batch,
            input_signature=[images, tf.TensorSpec([2], tf.int32)],
            jit_compile=False,
        )

    @property
    def state(self) -> list[Any]:
        """All that must be kept to go on later."""
        averaged = [] if self.result is self.graph else self.result.weights
        return [*self.graph.weights, *averaged, *self.optimizer.state]

    def _train_step(
        self, images: tf.Tensor, labels: tf.Tensor, learning_rate: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Change the weights by one batch; return its summed loss and its correct answers."""
        pixels = self._changed(images, seed)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.variables)
            logits = self.graph(pixels, training=True)
            smoothing = self.settings.label_smoothing
            targets = labels * (1 - smoothing) + smoothing / labels.shape[1]
            losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses)
        self.optimizer.apply(tape.gradient(loss, self.variables), learning_rate)
        return tf.reduce_sum(losses), count_correct(logits, labels)

    def _average(self, rate: tf.Tensor) -> None:
        """Move the averages so far towards the weights."""
        for average, variable in zip(self.averages, self.variables, strict=True):
            average.assign_add((variable - average) * rate)

    def _changed(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return a batch of training images as they are trained on."""
        pixels = tf.cast(images, tf.float32)
        return augment(pixels, self.settings, seed) if is_wanted(self.settings) else pixels

    def settle(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
        """Work out batch normalisation's statistics for the averaged weights, if there are any.

        They become the means over *batches* of training images, each with the seed of its random
        changes. Those met in training would not do: they belong to other weights.
        """
        seen = 0
        for images, seed in batches if self._averaged_norms else ():
            seen += len(images)
            self._kept.assign(1 - len(images) / seen)
            self._see(images, seed)

    def _see_batch(self, images: tf.Tensor, seed: tf.Tensor) -> None:
        self.result(self._changed(images, seed), training=True)

    def _score_batch(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return a batch's summed loss and its correct answers."""
        logits = self.result(tf.cast(images, tf.float32), training=False)
        losses = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_sum(losses), count_correct(logits, labels)

    def is_finite(self) -> bool:
        """Tell whether every weight is a number; a NaN may hide behind ReLU and max-pooling."""
        return all(np.isfinite(weight.numpy()).all() for weight in self.result.weights)

    def validate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Return (accuracy, mean loss) over all *images*."""
        loss_sum, correct = 0.0, 0
        for start in range(0, len(images), VALIDATION_BATCH):
            chosen = slice(start, start + VALIDATION_BATCH)
            batch_loss, batch_correct = self._score(images[chosen], labels[chosen])
            loss_sum += float(batch_loss)
            correct += int(batch_correct)
            release(images)
        return correct / len(images), loss_sum / len(images)


def count_correct(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Return how many rows of *logits* are largest where the one-hot *labels* are 1."""
    hits = tf.equal(tf.argmax(logits, axis=1), tf.argmax(labels, axis=1))
    return tf.reduce_sum(tf.cast(hits, tf.int32))
