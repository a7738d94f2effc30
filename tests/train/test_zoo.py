"""Whatever Keras trains, our loop trains to the same weights: Keras's own is the oracle."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from stages.backend import keras, make_repeatable, tf
from stages.train import machine
from stages.train.batches import epoch_order
from stages.train.check import check
from stages.train.fit import fit
from stages.train.trainer import Trainer
from tests import ROOT
from tests.support.images import random_images
from tests.support.networks import CONNECTED, add_architecture, built, trained_as
from tests.support.settings import training_settings
from tests.support.zoo import ARCHITECTURES, LARGE

CLASSES = 5


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_weights_and_losses_are_those_of_keras(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    add_architecture(monkeypatch, tmp_path)
    monkeypatch.setitem(CONNECTED, "odd", ARCHITECTURES[name])
    # As on processors where that is faster, so all stand-ins are there.
    monkeypatch.setattr(machine, "sums_biases_apart", lambda precision: True)
    deep = name in LARGE
    optimizer, oracle, rate, batch_size = "adam", keras.optimizers.Adam, 0.001, 8
    if deep:
        # Many of their weights have a gradient that is nothing but rounding. Adam would make a
        # whole step of it, and the next batch would make more of that.
        optimizer, rate, batch_size = "sgd", 1.0, 12
        oracle = partial(keras.optimizers.SGD, momentum=0.9, nesterov=True)
        # They take seconds to trace, and a fifth of that to run as they are.
        monkeypatch.setattr(Trainer, "trace", lambda self: None)
    settings = training_settings(
        architecture="odd", optimizer=optimizer, learning_rate=rate, batch_size=batch_size
    )
    image = (32, 32, 3) if deep else (12, 12, 3)
    training, validation = (
        random_images(count, seed=count, image=image, classes=CLASSES) for count in (12, 7)
    )
    make_repeatable(0)

    make = partial(built, settings, image, CLASSES)
    stock = make()
    first = [weight.numpy() for weight in stock.trainable_weights]
    # The deep ones take seconds; a backbone is checked in tests/repro/test_pages.py.
    if name != "python_lambda" and not deep:
        check(stock, make, settings, training[0])
    ours = trained_as(make, settings)
    tf.config.run_functions_eagerly(deep)
    (epoch,) = fit(ours, training, validation)
    tf.config.run_functions_eagerly(False)

    stock.compile(oracle(rate), "categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    images, labels = (part[epoch_order(12, 0, 0)] for part in training)
    options = {"batch_size": batch_size, "shuffle": False, "verbose": 0}
    logs = stock.fit(images, labels, validation_data=validation, **options).history
    found = {key: [value] for key, value in epoch._asdict().items() if key != "seconds"}
    for key, values in found.items():
        assert values == pytest.approx(logs[key], rel=1e-5)
    for own, other in zip(ours.graph.weights, stock.weights, strict=True):
        # Those that start at 0 move by no more than that.
        within = 1e-5 * max(0.01 if deep else 0.001, np.abs(other.numpy()).max())
        np.testing.assert_allclose(own.numpy(), other.numpy(), 0, within, err_msg=other.path)
    if not deep:
        for weight, before in zip(stock.trainable_weights, first, strict=True):
            assert np.abs(weight.numpy() - before).max() > 1e-4 * np.abs(before).max()


def test_the_page_says_how_many_there_are() -> None:
    page = (ROOT / "docs/own-model.md").read_text(encoding="utf-8")
    (number,) = re.findall(r"for more than (\d+) architectures", page)
    assert int(number) < len(ARCHITECTURES) <= int(number) + 10
