"""TensorBoard's logs: the same histograms as TensorFlow's own, curves that TensorBoard reads."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

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
    # Equal values, as biases start out, have one too, and those that differ by rounding.
    assert histogram(np.zeros(7))[:, 2].sum() == 7
    for value in (1, 1e-45, 1e30):
        near = np.array([value, np.nextafter(np.float32(value), np.float32(2e30))], np.float32)
        assert histogram(near)[[0, -1], 2].tolist() == [1, 1]


def test_tensorboard_reads_the_curves_and_a_histogram_of_every_weight(tmp_path: Path) -> None:
    model = built(training_settings(**SMALL))
    weights = {variable.path: variable for variable in model.weights}
    # Another training's, its first epoch, and its second after a stop.
    for number in (3, 1, 2):
        logs = Logs(tmp_path, weights, resumed=number == 2)
        logs.write(number, Epoch(number / 4, 0.5, number / 8, 0.75, 1.0))
        logs.close()
    for part, accuracy, loss in (("train", 0.25, 0.5), ("validation", 0.125, 0.75)):
        reader = EventAccumulator(str(tmp_path / part)).Reload()
        for name, values in (("accuracy", [accuracy, 2 * accuracy]), ("loss", [loss, loss])):
            events = reader.Tensors(f"epoch_{name}")
            assert [event.step for event in events] == [0, 1]
            assert [float(tf.make_ndarray(event.tensor_proto)) for event in events] == values
    metadata = EventAccumulator(str(tmp_path / "train")).Reload().summary_metadata
    written = [metadata[f"{name}/histogram"].plugin_data for name in weights]
    assert {plugin.plugin_name for plugin in written} == {"histograms"}
