"""Untrained networks, for images like MNIST's if nothing else is said."""

from stages.backend import keras
from stages.settings import TrainingSettings
from stages.train import network
from tests.images_for_tests import MNIST_PIXELS


def built(
    settings: TrainingSettings, image: tuple[int, int, int] = (28, 28, 1), classes: int = 10
) -> keras.Model:
    """Return the stock model ``mine`` that *settings* ask for."""
    return network.build("mine", settings, image, classes, MNIST_PIXELS)
