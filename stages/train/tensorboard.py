"""Logs for TensorBoard: curves and histograms of the weights, as in the notebook.

Keras's callback needs a compiled model and also draws the graph; this writes only the same curves
and histograms, under the same names.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.plugins.histogram.metadata import create_summary_metadata

from stages.backend import tf
from stages.common.files import not_written
from stages.train.results import Epoch

BUCKETS = 30
HISTOGRAM = create_summary_metadata(display_name=None, description=None)


class Logs:
    """One model's folder in logs/, which is not an output of any stage and not kept in Git."""

    def __init__(self, folder: Path, weights: Mapping[str, Any], *, resumed: bool) -> None:
        """Log to *folder*, with a histogram of each of the *weights* by name."""
        if not resumed:
            shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder
        self._weights = weights
        with self._not_written_is_one_line():
            self._train = tf.summary.create_file_writer(str(folder / "train"))
            self._validation = tf.summary.create_file_writer(str(folder / "validation"))

    def write(self, number: int, epoch: Epoch) -> None:
        """Log *epoch*, the *number*-th, counted from 1."""
        with self._not_written_is_one_line(), self._train.as_default(step=number - 1):
            tf.summary.scalar("epoch_accuracy", epoch.accuracy)
            tf.summary.scalar("epoch_loss", epoch.loss)
            for name, variable in self._weights.items():
                counted = histogram(variable.numpy())
                tf.summary.write(f"{name}/histogram", counted, metadata=HISTOGRAM)
        with self._not_written_is_one_line(), self._validation.as_default(step=number - 1):
            tf.summary.scalar("epoch_accuracy", epoch.val_accuracy)
            tf.summary.scalar("epoch_loss", epoch.val_loss)

    def close(self) -> None:
        """Flush everything to disk."""
        with self._not_written_is_one_line():
            self._train.close()
            self._validation.close()

    @contextmanager
    def _not_written_is_one_line(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            raise not_written(self._folder, error) from error


def histogram(values: np.ndarray) -> np.ndarray:
    """Return the histogram of *values* as TensorBoard stores it: rows of (left, right, count).

    ``tf.summary.histogram`` gives the same unless all values are equal, but needs 240 bytes of
    memory for each value.
    """
    # In float32, values that differ by rounding leave no room for the edges between them.
    ends = np.float64(values.min()), np.float64(values.max())
    counts, edges = np.histogram(values, BUCKETS, ends)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)
