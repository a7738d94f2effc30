"""One step of training and one of validation: their loss, their graphs, their memory."""

from unittest.mock import Mock

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.common.errors import StageError
from stages.train.augmentation import augment
from stages.train.fit import fit
from stages.train.network import batch_normalizations
from tests.support.networks import TRAINING, VALIDATION, trainer, trainer_of_own


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
    ours = trainer_of_own(ema_momentum=0.9, epochs=2)
    frozen = [model.get_layer("frozen").get_weights()[0] for model in (ours.graph, ours.kept)]
    np.testing.assert_array_equal(*frozen)
    fit(ours, TRAINING, VALIDATION)
    (norm,) = batch_normalizations(ours.kept)
    # Of pixels up to 255 it is far from what it begins with.
    assert np.abs(norm.moving_mean.numpy()).min() > 0.1
    assert norm.moving_variance.numpy().min() > 10
    # Two epochs of 20 images in batches of 8, and not the pass for the statistics.
    assert [int(model.get_layer("counting").count) for model in (ours.graph, ours.kept)] == [6, 6]


def test_what_a_graph_cannot_compute_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = trainer()
    monkeypatch.setattr(ours.graph.layers[1], "call", lambda x: x.numpy())
    place = r"^mine: stages/architectures/model2\.py: "
    with pytest.raises(StageError, match=f"{place}.*numpy") as told:
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


def test_validation_lets_go_of_the_images_after_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    # What that does to memory is measured in tests/common/test_arrays.py.
    released, ours = Mock(), trainer()
    monkeypatch.setattr("stages.train.trainer.release", released)
    monkeypatch.setattr("stages.common.arrays.SCORED_IMAGES", 3)
    ours.validate(*VALIDATION)
    assert [call.args[0] is VALIDATION[0] for call in released.call_args_list] == [True] * 3
