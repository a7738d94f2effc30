"""TensorBoard's logs: the same histograms as TensorFlow's own, curves that TensorBoard reads."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from stages.train import network
from stages.train.results import Epoch
from stages.train.tensorboard import Logs, histogram
from tests.support.networks import built
from tests.support.settings import SMALL, training_settings


def test_histograms_are_those_of_tensorflow(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3, 3, 1, 5)).astype(np.float32)
    with tf.summary.create_file_writer(str(tmp_path)).as_default(step=0):
        tf.summary.histogram("weights", values)
    reader = EventAccumulator(str(tmp_path)).Reload()
    expected = tf.make_ndarray(reader.Tensors("weights")[0].tensor_proto)
    np.testing.assert_allclose(histogram(values), expected, rtol=1e-6, atol=1e-6)
    # Equal values, as biases start out, have one too.
    assert histogram(np.zeros(7))[:, 2].sum() == 7


def curve(reader: EventAccumulator, name: str) -> list[tuple[int, float]]:
    """Return a curve's steps and values."""
    return [(e.step, float(tf.make_ndarray(e.tensor_proto))) for e in reader.Tensors(name)]


def test_tensorboard_reads_the_curves_and_a_histogram_of_every_weight(tmp_path: Path) -> None:
    graph = network.training_graph(built(training_settings(**SMALL)), "float32")
    logs = Logs(tmp_path, graph, resumed=False)
    for number in (1, 2):
        logs.write(number, Epoch(number / 4, 0.5, number / 8, 0.75, 1.0))
    logs.close()
    train = EventAccumulator(str(tmp_path / "train")).Reload()
    validation = EventAccumulator(str(tmp_path / "validation")).Reload()
    assert curve(train, "epoch_accuracy") == [(0, 0.25), (1, 0.5)]
    assert curve(train, "epoch_loss") == [(0, 0.5), (1, 0.5)]
    assert curve(validation, "epoch_accuracy") == [(0, 0.125), (1, 0.25)]
    assert curve(validation, "epoch_loss") == [(0, 0.75), (1, 0.75)]
    for variable in graph.weights:
        (_, last) = train.Tensors(f"{variable.path}/histogram")
        counts = tf.make_ndarray(last.tensor_proto)[:, 2]
        assert counts.sum() == np.prod(variable.shape)
    assert (
        train.summary_metadata[f"{graph.weights[0].path}/histogram"].plugin_data.plugin_name
        == "histograms"
    )
