"""One step of training and one of validation: their loss, their graphs, their memory."""

from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from stages.backend import keras, tf
from stages.common.arrays import SCORED_IMAGES, read_array
from stages.common.errors import StageError
from stages.train.augmentation import augment
from stages.train.fit import fit
from stages.train.network import batch_normalizations
from tests.support.networks import TRAINING, VALIDATION, trained_as, trainer, trainer_of_own
from tests.support.settings import training_settings


def test_a_step_costs_the_cross_entropy_of_changed_images_with_the_smoothed_target() -> None:
    (images, labels), seed = TRAINING, tf.constant([1, 2])
    ours = trainer(label_smoothing=0.25, shift=2)
    pixels = augment(tf.constant(images, tf.float32), ours.settings, seed)
    logits = ours.graph(pixels, training=True)
    oracle = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.25)
    loss, correct = ours.train_step(images, labels, 0.001, seed)
    assert float(loss) / 20 == pytest.approx(float(oracle(labels, logits)), rel=1e-4)
    hits = logits.numpy().argmax(axis=1) == labels.argmax(axis=1)
    assert int(correct) == hits.sum()


def test_average_has_what_is_not_trained_and_statistics_of_a_model_inside() -> None:
    ours = trainer_of_own(ema_momentum=0.9)
    frozen = [model.get_layer("frozen").get_weights()[0] for model in (ours.graph, ours.kept)]
    np.testing.assert_array_equal(*frozen)
    fit(ours, TRAINING, VALIDATION)
    (norm,) = batch_normalizations(ours.kept)
    # Of pixels up to 255 it is far from what it begins with.
    assert np.abs(norm.moving_mean.numpy()).min() > 0.1
    assert norm.moving_variance.numpy().min() > 10


class Counting(keras.layers.Layer):
    """A layer that counts its calls in training."""

    def build(self, shape: Any) -> None:
        """Make the counter."""
        self.count = self.add_weight(initializer="zeros", trainable=False)

    def call(self, x: Any, training: bool | None = None) -> Any:
        """Return *x*."""
        if training:
            self.count.assign_add(1)
        return x


def test_what_layers_keep_of_a_training_is_not_of_the_pass_for_the_statistics() -> None:
    def make() -> keras.Model:
        pixels = keras.Input((12, 8, 3))
        x = Counting(name="counting")(keras.layers.BatchNormalization()(pixels))
        return keras.Model(pixels, keras.layers.Dense(7, "softmax")(keras.layers.Flatten()(x)))

    ours = trained_as(make, training_settings(ema_momentum=0.9, epochs=2))
    fit(ours, TRAINING, VALIDATION)
    # Two epochs of 20 images in batches of 8.
    assert [int(model.get_layer("counting").count) for model in (ours.graph, ours.kept)] == [6, 6]


def test_what_a_graph_cannot_compute_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = trainer()
    monkeypatch.setattr(ours.graph.layers[1], "call", lambda x: x.numpy())
    with pytest.raises(
        StageError, match=r"^mine: stages/architectures/model2\.py: .*numpy"
    ) as told:
        ours.trace()
    assert "\n" not in str(told.value)


def test_a_weight_that_is_no_number_is_noticed_wherever_it_is() -> None:
    ours = trainer(ema_momentum=0.9)
    assert ours.is_finite()
    for weight in [*ours.graph.weights, *ours.kept.weights]:
        kept = weight.numpy()
        weight.assign(np.where(np.arange(kept.size).reshape(kept.shape) == 0, np.nan, kept))
        assert not ours.is_finite()
        weight.assign(kept)


@pytest.mark.skipif(not hasattr(psutil.Process, "memory_maps"), reason="macOS tells no pages")
def test_validation_never_holds_more_than_a_few_of_the_images_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, ours = tmp_path / "images.npy", trainer()
    held: list[int] = []
    # 78 MB, of which nothing is on disk.
    np.lib.format.open_memmap(path, "w+", np.uint8, (200 * SCORED_IMAGES, 28, 28, 1))

    def score(images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
        images.sum()
        # Now and then: it takes a tenth of a second.
        if labels[0] % 20_000 == 0:
            maps = psutil.Process().memory_maps()
            held.extend(each.rss for each in maps if each.path == str(path))
        return len(labels), len(labels)

    monkeypatch.setattr(ours, "_score", score)
    images = read_array(path)
    assert ours.validate(images, np.arange(len(images))) == (1, 1)
    assert len(held) == 5
    assert 0 < min(held) <= max(held) < 10_000_000
