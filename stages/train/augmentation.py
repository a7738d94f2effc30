"""Random changes of a batch of images, inside TensorFlow's graph."""

import math

import numpy as np

from stages.backend import tf
from stages.settings import TrainingSettings

HALF = 0.5
# The smoothness of elastic fields: Simard's Gaussian has a deviation of 4 pixels, in images of 29.
SMOOTHNESS = 4 / 29
# This many Gaussians, one deviation apart, cover a side and two more beyond either end.
KNOTS = 12


def augment(images: tf.Tensor, settings: TrainingSettings, seed: tf.Tensor) -> tf.Tensor:
    """Return *images* (n, height, width, channels), each shifted, turned, scaled, bent at random.

    Uniformly up to ``shift`` pixels along either axis, ``rotation`` degrees either way, and a
    factor of 1 ± ``zoom``. ``elastic`` is the standard deviation, in pixels, by which a pixel moves
    along either axis, its neighbours by nearly the same. Bilinear, black outside. With ``flip``
    each image is mirrored left to right with probability 1/2. *seed* (2,) int32 decides all of it.
    """
    if not any((settings.shift, settings.rotation, settings.zoom, settings.elastic, settings.flip)):
        return images
    height, width = images.shape[1:3]
    count = tf.shape(images)[0]
    across, down = affine(count, height, width, settings, seed)
    if not settings.elastic:
        # One pass over memory; a field takes several.
        zero = tf.zeros_like(across[0])
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=tf.stack([*across, *down, zero, zero], axis=1),
            output_shape=[height, width],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )
    column = tf.range(width, dtype=tf.float32)
    row = tf.range(height, dtype=tf.float32)[:, None]
    field = displacements(count, height, width, seed) * settings.elastic
    x, y = (
        by_column[:, None, None] * column + by_row[:, None, None] * row + offset[:, None, None]
        for by_column, by_row, offset in (across, down)
    )
    return sample(images, x + field[:, 0], y + field[:, 1])


def affine(
    count: tf.Tensor, height: int, width: int, settings: TrainingSettings, seed: tf.Tensor
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Return where each pixel of *count* images comes from, before they are bent.

    That is its column and its row, each as three numbers per image (count,): a factor for the
    target column, a factor for the target row, and an offset.
    """
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    u = tf.random.stateless_uniform([4, count], seed, -1.0, 1.0)
    angle = u[0] * math.radians(settings.rotation)
    scale = 1 + u[1] * settings.zoom
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    # Rotate about the centre.
    x_offset = middle_x - cos * middle_x + sin * middle_y + u[2] * settings.shift
    y_offset = middle_y - sin * middle_x - cos * middle_y + u[3] * settings.shift
    across, down = [cos, -sin, x_offset], [sin, cos, y_offset]
    if settings.flip:
        mirrored = tf.random.stateless_uniform([count], seed + 1) < HALF
        in_the_mirror = [-cos, sin, width - 1 - x_offset]
        across = [tf.where(mirrored, *pair) for pair in zip(in_the_mirror, across, strict=True)]
    return across, down


def displacements(count: tf.Tensor, height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    """Return *count* smooth random fields (count, 2, height, width) of mean 0 and deviation 1.

    Elastic distortion after Simard, Steinkraus and Platt
    (https://doi.org/10.1109/ICDAR.2003.1227801), except that a pixel's movement is a sum of random
    numbers on a grid as wide as the Gaussian's deviation, instead of one for each pixel.
    """
    numbers = tf.random.stateless_normal([count, 2, KNOTS, KNOTS], seed + 2)
    return tf.einsum("hk,nckl,wl->nchw", gaussians(height), numbers, gaussians(width))


def gaussians(side: int) -> np.ndarray:
    """Return the weight of each knot of a grid for each of *side* pixels (side, KNOTS).

    The squares of each row add up to 1, so sums of random numbers keep their deviation.
    """
    deviation = SMOOTHNESS * side
    knots = (np.arange(KNOTS) - (KNOTS - 1) / 2) * deviation + (side - 1) / 2
    values = np.exp(-(((np.arange(side)[:, None] - knots) / deviation) ** 2) / 2)
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def sample(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return *images* sampled at *x*, *y* (n, height, width): bilinear, black outside."""
    height, width, channels = images.shape[1:]
    framed = tf.reshape(tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]]), [-1, channels])
    x, y = tf.clip_by_value(x + 1, 0, width + 1), tf.clip_by_value(y + 1, 0, height + 1)
    # The frame's last pixel has no neighbour to the right.
    left, top = tf.minimum(tf.floor(x), width), tf.minimum(tf.floor(y), height)
    right, bottom = (x - left)[..., None], (y - top)[..., None]
    row = width + 2
    first = tf.range(tf.shape(images)[0])[:, None, None] * (row * (height + 2))
    place = first + tf.cast(top, tf.int32) * row + tf.cast(left, tf.int32)
    upper = tf.gather(framed, place) * (1 - right) + tf.gather(framed, place + 1) * right
    below = place + row
    lower = tf.gather(framed, below) * (1 - right) + tf.gather(framed, below + 1) * right
    return upper * (1 - bottom) + lower * bottom
