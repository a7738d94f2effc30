"""The FLOPs of a training step, against counts worked out by hand."""

from benchmarks.notebook import build
from benchmarks.steps import training_flops


def test_the_notebooks_model3_costs_its_products() -> None:
    # Forward multiply-adds.
    images = [784 * 9 * 64, 196 * 9 * 64 * 128, 49 * 4 * 128, 49 * 128 * 256]
    products = [*images, 12544 * 128, 128 * 64, 64 * 32, 32 * 10]
    assert training_flops(build("model3").layers) == 2 * (3 * sum(products) - products[0])
