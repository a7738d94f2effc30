"""One step of training and one of validation, each a single TensorFlow graph."""

import keras
import numpy as np
import tensorflow as tf

from stages.common.arrays import release
from stages.settings import TrainingSettings
from stages.train.adam import Adam
from stages.train.augmentation import augment, is_wanted

# Large enough that the kernels are busy, small enough to need less memory than training does.
VALIDATION_BATCH = 500


class Trainer:
    """A training graph, its optimizer and the functions that run them.

    The images stay uint8 until they are in the graph. XLA is off: on a CPU it does without
    oneDNN's convolutions and is slower.
    """

    def __init__(self, graph: keras.Model, settings: TrainingSettings) -> None:
        self.graph = graph
        self.variables = [variable.value for variable in graph.trainable_variables]
        self.optimizer = Adam(self.variables)
        self.settings = settings
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
        self._score = tf.function(
            self._score_batch, input_signature=[images, labels], jit_compile=False
        )

    def _train_step(
        self, images: tf.Tensor, labels: tf.Tensor, learning_rate: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Change the weights by one batch; return its summed loss and its correct answers."""
        pixels = tf.cast(images, tf.float32)
        if is_wanted(self.settings):
            pixels = augment(pixels, self.settings, seed)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.variables)
            logits = self.graph(pixels, training=True)
            smoothing = self.settings.label_smoothing
            targets = labels * (1 - smoothing) + smoothing / labels.shape[1]
            losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_mean(losses)
        self.optimizer.apply(tape.gradient(loss, self.variables), learning_rate)
        return tf.reduce_sum(losses), count_correct(logits, labels)

    def _score_batch(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return a batch's summed loss and its correct answers."""
        logits = self.graph(tf.cast(images, tf.float32), training=False)
        losses = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_sum(losses), count_correct(logits, labels)

    def is_finite(self) -> bool:
        """Tell whether every weight is a number; a NaN may hide behind ReLU and max-pooling."""
        return all(np.isfinite(weight.numpy()).all() for weight in self.graph.weights)

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
