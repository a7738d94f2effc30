"""A few random images with labels, in the shapes and types that the stages pass on."""

import numpy as np
from PIL import Image

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


def photograph(kind: str, seed: int) -> Image.Image:
    """Return a picture of ``stripes``, ``dots`` or ``blotches``, upright, across or square."""
    generator = np.random.default_rng(seed)
    height, width = [(240, 320), (320, 240), (300, 300)][seed % 3]
    y, x = np.mgrid[:height, :width] * 2 * np.pi / generator.uniform(30, 60)
    angle = generator.uniform(0, np.pi)
    if kind == "stripes":
        bright = np.sin(x * np.cos(angle) + y * np.sin(angle))
    elif kind == "dots":
        bright = np.where(np.sin(x) * np.sin(y) > 0.4, 1, -0.6)
    else:
        coarse = Image.fromarray(generator.normal(size=(height // 20, width // 20)))
        bright = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    share = (bright[..., np.newaxis] + 1).clip(0, 2) / 2
    dark, light = generator.uniform(0, 90, 3), generator.uniform(150, 255, 3)
    pixels = dark * share + light * (1 - share) + generator.normal(0, 15, (height, width, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_part(part: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Write one part of data/processed in the working folder."""
    for path, array in zip(processed.paths(part), (images, labels), strict=True):
        write_array(path, array)
