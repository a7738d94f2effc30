"""A few random images with labels, in the shapes and types that the stages pass on."""

import numpy as np


def random_images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return images (count, 28, 28, 1) uint8 and one-hot labels (count, 10) float32.

    The images are of squares, 4 pixels wide: noise as fine as pixels looks all the same to a CNN.
    """
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, 7, 7, 1), np.uint8).repeat(4, 1).repeat(4, 2)
    labels = np.eye(10, dtype=np.float32)[generator.integers(0, 10, count)]
    return images, labels
