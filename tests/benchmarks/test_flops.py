"""The FLOPs of a training step, against counts worked out by hand."""

import keras
from keras import layers

from benchmarks.flops import training_flops
from benchmarks.notebook import model3


def test_convolutions_are_counted_at_their_own_outputs() -> None:
    # 4 x 4 positions, a 3 x 3 kernel from 1 to 2 channels: 16 * 9 * 2 = 288 multiply-adds, and no
    # data gradients. 1 x 1 valid strided position of a 3 x 3 kernel from 2 to 5 channels: 90.
    stack = [layers.Conv2D(2, 3, padding="same"), layers.ReLU(), layers.Conv2D(5, 3, strides=2)]
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Rescaling(1 / 255), *stack])
    assert training_flops(model.layers) == 2 * (2 * 288) + 3 * (2 * 90)


def test_the_notebooks_model3_costs_its_products() -> None:
    # Forward multiply-adds.
    images = [784 * 9 * 64, 196 * 9 * 64 * 128, 49 * 4 * 128, 49 * 128 * 256]
    products = [*images, 12544 * 128, 128 * 64, 64 * 32, 32 * 10]
    assert training_flops(model3().layers) == 2 * (3 * sum(products) - products[0])
