"""The training loop: what Keras's own does, and the same bits after a stop as without one."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.common.errors import StageError
from stages.train import network
from stages.train.augmentation import augment
from stages.train.batches import augmentation_seed, epoch_order
from stages.train.fit import fit
from stages.train.results import Epoch
from stages.train.schedule import averaging_rates
from tests.support.networks import KIND, TRAINING, VALIDATION, built, trainer, trainer_of_own
from tests.support.settings import SMALL, training_settings


def values_of(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.array(variable.numpy()) for variable in variables]


def test_order_visits_each_image_once_and_depends_on_seed_and_epoch_alone() -> None:
    places = 2 * [(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    orders = {tuple(epoch_order(100, *place)) for place in places}
    assert len(orders) == 4
    assert all(sorted(order) == list(range(100)) for order in orders)


def test_training_goes_on_from_a_kept_state_to_the_bits_of_one_that_never_stopped() -> None:
    # All that depends on the epoch or the step, and that a stop could upset; and dropout.
    settings = {"epochs": 2, "schedule": "one_cycle", "shift": 1, "elastic": 1}
    settings |= {"label_smoothing": 0.1, "ema_momentum": 0.9}
    whole, resumed = (trainer_of_own(**settings) for _ in range(2))
    kept: list[list[np.ndarray]] = []
    epochs = fit(whole, TRAINING, VALIDATION, (), lambda _: kept.append(values_of(whole.state)))
    for variable, value in zip(resumed.state, kept[0], strict=True):
        variable.assign(value)
    again = fit(resumed, TRAINING, VALIDATION, epochs[:1])
    assert [epoch[:4] for epoch in again] == [epoch[:4] for epoch in epochs]
    for own, other in zip(values_of(resumed.state), kept[1], strict=True):
        assert own.tobytes() == other.tobytes()


def test_the_average_of_the_weights_has_its_own_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = trainer(ema_momentum=0.5, learning_rate=0.1, shift=1, epochs=2)
    # 12 of 20 images, in batches of 8 and 4.
    monkeypatch.setattr("stages.train.fit.STATISTICS_IMAGES", 12)
    step, after_steps = ours.train_step, []

    def noting(*given: Any) -> Any:
        result = step(*given)
        after_steps.append(values_of(ours.graph.trainable_weights))
        return result

    monkeypatch.setattr(ours, "trace", lambda: None)
    ours.train_step = noting
    fit(ours, TRAINING, VALIDATION)
    rates = averaging_rates(0.5, 6)
    shares = [rate * np.prod(1 - rates[step + 1 :]) for step, rate in enumerate(rates)]
    for own, *steps in zip(values_of(ours.kept.trainable_weights), *after_steps, strict=True):
        expected = np.average(steps, axis=0, weights=shares)
        np.testing.assert_allclose(own, expected, rtol=1e-5, atol=1e-6)
    # Keras's own layers in place of ours.
    oracle = built(training_settings(**SMALL, batch_norm_momentum=0), **KIND)
    network.copy_weights(ours.kept, oracle)
    met, order = [], epoch_order(20, 0, 1)
    for number, chosen in enumerate((order[:8], order[8:12])):
        images = tf.constant(TRAINING[0][chosen], tf.float32)
        seed = tf.constant(augmentation_seed(0, 1, number))
        oracle(augment(images, ours.settings, seed), training=True)
        met.append(values_of(oracle.non_trainable_weights))
    for own, *batches in zip(values_of(ours.kept.non_trainable_weights), *met, strict=True):
        np.testing.assert_allclose(own, np.average(batches, axis=0, weights=[8, 4]), rtol=1e-3)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_early_stopping_ends_where_keras_does_with_or_without_a_stop_before(patience: int) -> None:
    generator = np.random.default_rng(patience)
    settings = training_settings(epochs=10, early_stopping=patience)
    callback = keras.callbacks.EarlyStopping("val_loss", patience=patience, mode="min")

    def trained(done: list[Epoch], val_losses: np.ndarray) -> list[Epoch]:
        trainer = Mock(settings=settings, train_step=Mock(return_value=(1, 1)))
        trainer.validate.side_effect = [(0.5, loss) for loss in val_losses[len(done) :]]
        return fit(trainer, TRAINING, VALIDATION, done)

    for _ in range(20):
        # Often the same one again, which is not better.
        val_losses = generator.integers(1, 6, 10) / 10
        callback.set_model(Mock(stop_training=False))
        callback.on_train_begin()
        expected = 0
        while expected < 10 and not callback.model.stop_training:
            callback.on_epoch_end(expected, {"val_loss": val_losses[expected]})
            expected += 1
        whole = trained([], val_losses)
        assert [epoch.val_loss for epoch in whole] == [*val_losses[:expected]]
        for stopped in range(expected + 1):
            assert len(trained(whole[:stopped], val_losses)) == expected


@pytest.mark.parametrize(
    ("losses", "val_loss", "finite", "place"),
    [
        ([1, np.nan], 1, True, "epoch 1, step 2"),
        ([1, 1, np.inf], 1, True, "epoch 1, step 3"),
        ([1, 1, 1], 1, False, "the end of epoch 1"),
        ([1, 1, 1], np.nan, True, "the end of epoch 1"),
    ],
)
def test_a_training_that_diverges_is_stopped_with_its_place_and_a_remedy(
    losses: list[float], val_loss: float, finite: bool, place: str
) -> None:
    computes_nothing = Mock(settings=training_settings())
    computes_nothing.train_step.side_effect = [(loss, 1) for loss in losses]
    computes_nothing.validate.return_value = (0.5, val_loss)
    computes_nothing.is_finite.return_value = finite
    told = rf"^the loss is no longer a number \({place}\): set train\.learning_rate below 0\.001$"
    with pytest.raises(StageError, match=told):
        fit(computes_nothing, TRAINING, VALIDATION)


def test_what_fails_in_a_step_is_told_without_the_list_of_calls() -> None:
    ours = trainer()
    words = "Graph execution error:\n\n  File 1\n\n  File 2\n\nout of\n memory"
    ours.train_step = Mock(side_effect=tf.errors.ResourceExhaustedError(None, None, words))
    place = r"^mine: stages/architectures/model2\.py: epoch 1"
    with pytest.raises(StageError, match=f"{place}: ResourceExhaustedError: out of memory$"):
        fit(ours, TRAINING, VALIDATION)
