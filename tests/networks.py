"""Untrained networks for images like MNIST's, for tests that are about something else."""

from stages.backend import keras
from stages.settings import TrainingSettings
from stages.train import network
from tests.images_for_tests import MNIST_PIXELS


def built(settings: TrainingSettings) -> keras.Model:
    """Return the stock model ``mine`` that *settings* ask for."""
    return network.build("mine", settings, (28, 28, 1), 10, MNIST_PIXELS)
