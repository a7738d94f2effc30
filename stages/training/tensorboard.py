"""Logs for TensorBoard: curves and histograms of the weights, as the notebook's callback wrote.

Keras's callback wants a compiled model and redraws the graph; this writes the same curves and
histograms under the same names and no more.
"""

import shutil
from pathlib import Path

import keras
import tensorflow as tf

from stages.training.history import Epoch


class Logs:
    """One model's folder under logs/, which is nobody's output and not kept in Git."""

    def __init__(self, folder: Path, graph: keras.Model, *, resumed: bool) -> None:
        if not resumed:
            shutil.rmtree(folder, ignore_errors=True)
        self._graph = graph
        self._train = tf.summary.create_file_writer(str(folder / "train"))
        self._validation = tf.summary.create_file_writer(str(folder / "validation"))

    def write(self, number: int, epoch: Epoch) -> None:
        """Log *epoch*, the *number*-th, counted from 1."""
        with self._train.as_default(step=number - 1):
            tf.summary.scalar("epoch_accuracy", epoch.accuracy)
            tf.summary.scalar("epoch_loss", epoch.loss)
            for variable in self._graph.weights:
                tf.summary.histogram(f"{variable.path}/histogram", variable.value)
        with self._validation.as_default(step=number - 1):
            tf.summary.scalar("epoch_accuracy", epoch.val_accuracy)
            tf.summary.scalar("epoch_loss", epoch.val_loss)

    def close(self) -> None:
        """Flush everything to disk."""
        self._train.close()
        self._validation.close()
