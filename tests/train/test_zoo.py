"""Whatever Keras trains, our loop trains to the same weights: Keras's own is the oracle."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from stages.backend import keras, make_repeatable
from stages.train import network
from stages.train.batches import epoch_order
from stages.train.check import check
from stages.train.fit import fit
from tests.support.images import random_images
from tests.support.networks import built, trained_as
from tests.support.settings import training_settings
from tests.support.zoo import ARCHITECTURES, LARGE

# Keras turns variables into arrays in a way that numpy 2.4 will not take much longer.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLASSES = 5


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_weights_and_losses_are_those_of_keras(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module = SimpleNamespace(connect=connected(name), FILTERS=(), DENSE=())
    monkeypatch.setitem(sys.modules, "stages.architectures.zoo", module)
    image = (32, 32, 3) if name in LARGE else (12, 12, 3)
    training, validation = (
        random_images(count, seed=count, image=image, classes=CLASSES) for count in (20, 7)
    )
    settings = training_settings(architecture="zoo")
    make_repeatable(0)

    def make() -> keras.Model:
        # The same first weights each time, and the same random numbers in training.
        keras.utils.set_random_seed(1)
        return built(settings, image, CLASSES)

    ours, stock = trained_as(make, settings), make()
    if name != "python_lambda":
        check(stock, "a test", training[0][:2])
    stock.compile(
        "adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    (epoch,) = fit(ours, training, validation)
    images, labels = (part[epoch_order(20, 0, 0)] for part in training)
    logs = stock.fit(images, labels, batch_size=8, shuffle=False, verbose=0).history
    val_loss, val_accuracy = stock.evaluate(*validation, verbose=0)
    print(epoch[:4])
    print(logs, val_loss, val_accuracy)
    expected = (logs["accuracy"][0], logs["loss"][0], val_accuracy, val_loss)
    worst = max(
        float(np.abs(own.numpy() - other.numpy()).max() / max(1e-9, np.abs(other.numpy()).max()))
        for own, other in zip(ours.graph.weights, stock.weights, strict=True)
    )
    print("WORST", name, worst)
    assert epoch[:4] == pytest.approx(expected, rel=1e-5)
    for own, other in zip(ours.graph.weights, stock.weights, strict=True):
        scale = max(1e-3, np.abs(other.numpy()).max())
        np.testing.assert_allclose(own.numpy() / scale, other.numpy() / scale, atol=1e-5)


def connected(name):
    return lambda x, filters, dense, classes: ARCHITECTURES[name](x, classes)
