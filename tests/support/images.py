"""A few random images with labels, in the shapes and types that the stages pass on."""

import numpy as np

from stages import processed
from stages.common.arrays import write_array
from stages.processed import Pixels

# Of the 60,000 images of MNIST that the notebook trains on.
MNIST_PIXELS = Pixels(mean=[33.3184], deviation=[78.5675])


def random_images(
    count: int, seed: int = 0, image: tuple[int, int, int] = (28, 28, 1), classes: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return images (count, *image*) uint8 and one-hot labels (count, *classes*).

    The images are of squares, 4 pixels wide: noise as fine as pixels looks all the same to a CNN.
    """
    generator = np.random.default_rng(seed)
    height, width, channels = image
    squares = (count, -(-height // 4), -(-width // 4), channels)
    images = generator.integers(0, 256, squares, np.uint8).repeat(4, 1).repeat(4, 2)
    labels = np.eye(classes, dtype=np.float32)[generator.integers(0, classes, count)]
    return np.ascontiguousarray(images[:, :height, :width]), labels


def write_part(part: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Write one part of data/processed in the working folder."""
    for path, array in zip(processed.paths(part), (images, labels), strict=True):
        write_array(path, array)
