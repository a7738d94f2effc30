"""The training loop: what Keras's own does, and the same bits after a stop as without one."""

from typing import Any

import numpy as np
import pytest

from stages.backend import keras, make_repeatable, tf
from stages.common.errors import StageError
from stages.train import network
from stages.train.batches import epoch_order
from stages.train.fit import augmentation_seed, fit, images_per_epoch
from stages.train.results import Epoch
from stages.train.schedule import learning_rates
from stages.train.trainer import Trainer
from tests.images_for_tests import random_images
from tests.settings_for_tests import SMALL, training_settings

TRAINING, VALIDATION = random_images(20, seed=1), random_images(7, seed=2)


def trainer(precision: str = "float32", **changed: Any) -> Trainer:
    """Return a small model's trainer, the same whenever the settings are."""
    settings = training_settings(**SMALL, **changed)
    make_repeatable(settings.seed)
    return Trainer(network.training_graph(network.build("mine", settings), precision), settings)


def state_of(one: Trainer) -> list[Any]:
    return [*one.graph.weights, *one.optimizer.state]


def bits_of(one: Trainer) -> list[bytes]:
    return [variable.numpy().tobytes() for variable in state_of(one)]


class StoppedError(Exception):
    """What a test stops a training with."""


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_that_was_stopped_ends_with_the_same_bits_as_one_that_was_not(
    precision: str,
) -> None:
    # All that depends on the epoch or the step, and that a stop could upset.
    settings = {"epochs": 3, "schedule": "one_cycle", "shift": 1, "label_smoothing": 0.1}
    whole = trainer(precision, **settings)
    epochs = fit(whole, TRAINING, VALIDATION)

    stopped = trainer(precision, **settings)
    done: list[Epoch] = []

    def stop(so_far: list[Epoch]) -> None:
        done.extend(so_far)
        raise StoppedError

    with pytest.raises(StoppedError):
        fit(stopped, TRAINING, VALIDATION, after_epoch=stop)
    resumed = trainer(precision, **settings)
    for target, source in zip(state_of(resumed), state_of(stopped), strict=True):
        target.assign(source.numpy())
    again = fit(resumed, TRAINING, VALIDATION, done)

    assert len(done) == 1
    assert len(again) == 3
    assert [epoch[:4] for epoch in again] == [epoch[:4] for epoch in epochs]
    assert bits_of(resumed) == bits_of(whole)


def test_epochs_are_those_of_keras_on_the_same_batches() -> None:
    ours = trainer(epochs=2)
    stock = keras.models.clone_model(network.build("mine", ours.settings))
    network.copy_weights(ours.graph, stock)
    stock.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    epochs = fit(ours, TRAINING, VALIDATION)
    for number, epoch in enumerate(epochs):
        order = epoch_order(20, 0, number)
        images, labels = (part[order] for part in TRAINING)
        logs = stock.fit(images, labels, batch_size=8, shuffle=False, verbose=0).history
        val_loss, val_accuracy = stock.evaluate(*VALIDATION, verbose=0)
        expected = (logs["accuracy"][0], logs["loss"][0], val_accuracy, val_loss)
        assert epoch[:4] == pytest.approx(expected, rel=1e-3)
    for own, other in zip(ours.graph.weights, stock.weights, strict=True):
        np.testing.assert_allclose(own.numpy(), other.numpy(), rtol=1e-4, atol=1e-3)


def test_every_epoch_is_told_of_with_those_before_it() -> None:
    told: list[int] = []
    epochs = fit(
        trainer(epochs=2), TRAINING, VALIDATION, (), lambda so_far: told.append(len(so_far))
    )
    assert told == [1, 2]
    assert all(epoch.seconds > 0 for epoch in epochs)


def test_steps_take_the_schedules_learning_rates_through_all_epochs() -> None:
    ours = trainer(epochs=2, schedule="one_cycle", learning_rate=0.004)
    taken: list[np.float32] = []
    step = ours.train_step

    def noting(images: Any, labels: Any, rate: np.float32, seed: Any) -> Any:
        taken.append(rate)
        return step(images, labels, rate, seed)

    ours.train_step = noting
    fit(ours, TRAINING, VALIDATION)
    # 20 images in batches of 8 are 3 steps.
    np.testing.assert_array_equal(taken, learning_rates("one_cycle", 0.004, 6))


def test_finished_training_changes_nothing_any_more() -> None:
    ours = trainer(epochs=1)
    before, done = bits_of(ours), [Epoch(0.5, 1.0, 0.5, 1.0, 2.0)]
    epochs = fit(ours, TRAINING, VALIDATION, done)
    assert [epoch[:4] for epoch in epochs] == [done[0][:4]]
    assert bits_of(ours) == before


def test_loss_that_is_no_number_stops_the_training_with_its_place_and_a_remedy() -> None:
    images, labels = TRAINING[0], TRAINING[1].copy()
    labels[epoch_order(20, 0, 0)[8]] = np.nan  # the first image of the second batch
    with pytest.raises(StageError) as caught:
        fit(trainer(epochs=2), (images, labels), VALIDATION)
    assert str(caught.value) == (
        "the loss is no longer a number (epoch 1, step 2): set train.learning_rate below 0.001"
    )


def test_weights_that_the_last_step_ruined_stop_the_training_too() -> None:
    ours = trainer(epochs=1)
    step = ours.train_step

    def overshooting(*batch: Any) -> Any:
        result = step(*batch)
        ours.variables[0].assign(ours.variables[0] * np.nan)
        return result

    ours.train_step = lambda images, *rest: (overshooting if len(images) < 8 else step)(
        images, *rest
    )
    with pytest.raises(StageError, match=r"the loss is no longer a number \(the end of epoch 1\)"):
        fit(ours, TRAINING, VALIDATION)


@pytest.mark.parametrize(
    ("wanted", "steps", "seen"), [(None, 3, 20), (1, 1, 8), (2, 2, 16), (3, 3, 20), (9, 3, 20)]
)
def test_an_epoch_has_as_many_steps_as_wanted_and_sees_other_images_each_time(
    wanted: int | None, steps: int, seen: int
) -> None:
    ours = trainer(epochs=2, steps_per_epoch=wanted)
    batches: list[np.ndarray] = []
    step = ours.train_step

    def noting(images: np.ndarray, *rest: Any) -> Any:
        batches.append(images)
        return step(images, *rest)

    ours.train_step = noting
    epochs = fit(ours, TRAINING, VALIDATION)
    assert len(batches) == 2 * steps
    assert sum(len(batch) for batch in batches) == 2 * seen
    assert images_per_epoch(20, ours.settings) == seen
    expected = [TRAINING[0][epoch_order(20, 0, epoch)[:seen]] for epoch in range(2)]
    np.testing.assert_array_equal(np.concatenate(batches), np.concatenate(expected))
    assert all(0 <= epoch.accuracy <= 1 for epoch in epochs)


def test_smoothed_labels_cost_the_cross_entropy_with_the_smoothed_target() -> None:
    images, labels = TRAINING
    ours = trainer(label_smoothing=0.25, batch_size=20)
    logits = ours.graph(tf.constant(images, tf.float32), training=True)
    oracle = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.25)
    expected = float(oracle(labels, logits))
    again = trainer(label_smoothing=0.25, batch_size=20)
    assert fit(again, TRAINING, VALIDATION)[0].loss == pytest.approx(expected, rel=1e-4)


def test_each_batch_has_an_augmentation_seed_of_its_own() -> None:
    seeds = {
        augmentation_seed(seed, epoch, step).tobytes()
        for seed in range(3)
        for epoch in range(3)
        for step in range(3)
    }
    assert len(seeds) == 27
    assert augmentation_seed(0, 0, 0).dtype == np.int32
