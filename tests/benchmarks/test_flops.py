"""The FLOPs of a training step, against counts worked out by hand."""

from typing import Any

import keras
import pytest
from keras import layers

from benchmarks.flops import training_flops
from benchmarks.notebook import BUILDERS


def flops(*stack: Any, shape: tuple[int, ...]) -> int:
    return training_flops(keras.Sequential([keras.Input(shape), *stack]).layers)


def test_first_convolution_costs_its_forward_pass_and_its_weights_gradients() -> None:
    # 4 x 4 positions, a 3 x 3 kernel from 1 to 2 channels: 16 * 9 * 1 * 2 = 288 multiply-adds.
    assert flops(layers.Conv2D(2, 3, padding="same"), shape=(4, 4, 1)) == 2 * (2 * 288)


def test_second_convolution_costs_its_data_gradients_too() -> None:
    # After the 576 operations above: 2 x 2 valid positions of a 3 x 3 kernel from 2 to 5 channels,
    # 4 * 9 * 2 * 5 = 360 multiply-adds.
    stack = [layers.Conv2D(2, 3, padding="same"), layers.Conv2D(5, 3)]
    assert flops(*stack, shape=(4, 4, 1)) == 2 * 576 + 3 * 720


def test_strided_convolution_is_counted_at_its_own_output() -> None:
    # 2 x 2 positions, a 2 x 2 kernel from 3 to 1 channels: 4 * 4 * 3 * 1 = 48 multiply-adds.
    assert flops(layers.Conv2D(1, 2, strides=2), shape=(4, 4, 3)) == 2 * (2 * 48)


def test_separable_convolution_is_a_depthwise_and_a_pointwise_product() -> None:
    # 3 x 3 positions. Depthwise: a 2 x 2 kernel on each of 4 channels, 9 * 4 * 4 = 144
    # multiply-adds, and no data gradients. Pointwise: from 4 to 5 channels, 9 * 4 * 5 = 180.
    layer = layers.SeparableConv2D(5, 2, padding="same")
    assert flops(layer, shape=(3, 3, 4)) == 2 * (2 * 144) + 3 * (2 * 180)


def test_dense_layers_cost_their_kernels() -> None:
    # 6 * 4 = 24 multiply-adds without data gradients, then 4 * 3 = 12 with them.
    assert flops(layers.Dense(4), layers.Dense(3), shape=(6,)) == 2 * (2 * 24) + 3 * (2 * 12)


def test_pooling_normalisation_and_activations_are_not_counted() -> None:
    stack = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(2, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ]
    assert flops(*stack, shape=(4, 4, 1)) == 2 * 576


def test_unknown_kernel_is_an_error_and_not_a_zero() -> None:
    with pytest.raises(TypeError, match="Conv2DTranspose"):
        flops(layers.Conv2DTranspose(1, 2), shape=(4, 4, 1))


@pytest.mark.parametrize(
    ("name", "first", "rest"),
    [
        # Forward multiply-adds: the first convolution's, then those of what follows it.
        ("model1", 784 * 9 * 50, [196 * 4 * 50 * 50, 2450 * 256, 256 * 128, 128 * 64, 64 * 10]),
        ("model2", 784 * 9 * 32, [196 * 4 * 32 * 64, 3136 * 32, 32 * 10]),
        (
            "model3",
            784 * 9 * 64,
            [
                *(196 * 9 * 64 * 128, 49 * 4 * 128, 49 * 128 * 256),
                *(12544 * 128, 128 * 64, 64 * 32, 32 * 10),
            ],
        ),
    ],
)
def test_notebooks_models_cost_the_sum_of_their_products(
    name: str, first: int, rest: list[int]
) -> None:
    assert training_flops(BUILDERS[name]().layers) == 2 * (2 * first) + 3 * (2 * sum(rest))


@pytest.mark.parametrize(("name", "megaflops"), [("model1", 17), ("model2", 11), ("model3", 108)])
def test_notebooks_models_cost_17_11_and_108_megaflops(name: str, megaflops: int) -> None:
    assert round(training_flops(BUILDERS[name]().layers) / 1e6) == megaflops
