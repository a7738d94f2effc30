"""Random changes of a batch of images, inside TensorFlow's graph."""

import math

import numpy as np
import tensorflow as tf

from stages.settings import TrainingSettings

HALF = 0.5
# How far apart two pixels move independently: the deviation of Simard's Gaussian, as a share of
# the side of his images.
SMOOTHNESS = 4 / 29


def is_wanted(settings: TrainingSettings) -> bool:
    """Tell whether *settings* ask for any change of the images."""
    affine = settings.shift or settings.rotation or settings.zoom or settings.flip
    return bool(affine or settings.elastic)


def augment(images: tf.Tensor, settings: TrainingSettings, seed: tf.Tensor) -> tf.Tensor:
    """Return *images* (n, height, width, channels), each moved, turned, scaled and bent at random.

    Up to ``shift`` pixels along either axis, ``rotation`` degrees either way, and a factor
    within 1 ± ``zoom``, uniform; each pixel by ``elastic`` pixels along either axis (the standard
    deviation), its neighbours nearly the same way; bilinear, black outside; and with ``flip``
    every second one, by chance, mirrored left to right. *seed* (2,) int32 decides all of it.
    """
    height, width = images.shape[1:3]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    count = tf.shape(images)[0]
    u = tf.random.stateless_uniform([4, count], seed, -1.0, 1.0)[..., None, None]
    angle = u[0] * math.radians(settings.rotation)
    scale = 1 + u[1] * settings.zoom
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    # Where each pixel comes from (n, height, width): turned about the centre.
    across = tf.range(width, dtype=tf.float32) - middle_x
    down = (tf.range(height, dtype=tf.float32) - middle_y)[:, None]
    x = cos * across - sin * down + middle_x + u[2] * settings.shift
    y = sin * across + cos * down + middle_y + u[3] * settings.shift
    if settings.elastic:
        bent_x, bent_y = tf.unstack(displacements(count, height, width, seed), axis=1)
        x, y = x + bent_x * settings.elastic, y + bent_y * settings.elastic
    if settings.flip:
        mirrored = tf.random.stateless_uniform([count, 1, 1], seed + 1) < HALF
        x = tf.where(mirrored, width - 1 - x, x)
    return sample(images, x, y)


def displacements(count: tf.Tensor, height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    """Return *count* smooth random fields (count, 2, height, width) of mean 0 and deviation 1.

    Elastic distortion as Simard, Steinkraus and Platt have it
    (https://doi.org/10.1109/ICDAR.2003.1227801), but for what a pixel's movement is summed from:
    random numbers on a grid as wide as the Gaussian's deviation, instead of one for each pixel.
    """
    rows, columns = gaussians(height), gaussians(width)
    shape = [count, 2, rows.shape[1], columns.shape[1]]
    numbers = tf.random.stateless_normal(shape, seed + 2)
    return tf.einsum("hk,nckl,wl->nchw", rows, numbers, columns)


def gaussians(side: int) -> np.ndarray:
    """Return what each knot of a grid has to do with each of *side* pixels (side, knots).

    The squares of a row add up to 1, so that sums of random numbers keep their deviation.
    """
    deviation = SMOOTHNESS * side
    # Two more on either side: those beyond hardly matter.
    count = math.ceil(side / deviation) + 4
    knots = (np.arange(count) - (count - 1) / 2) * deviation + (side - 1) / 2
    values = np.exp(-(((np.arange(side)[:, None] - knots) / deviation) ** 2) / 2)
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def sample(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return *images* at the places *x*, *y* (n, height, width): bilinear, black outside."""
    height, width, channels = images.shape[1:]
    framed = tf.reshape(tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]]), [-1, channels])
    x, y = tf.clip_by_value(x + 1, 0, width + 1), tf.clip_by_value(y + 1, 0, height + 1)
    # Of the frame's last pixel there is none to the right.
    left, top = tf.minimum(tf.floor(x), width), tf.minimum(tf.floor(y), height)
    right, bottom = (x - left)[..., None], (y - top)[..., None]
    row = width + 2
    first = tf.range(tf.shape(images)[0])[:, None, None] * (row * (height + 2))
    place = first + tf.cast(top, tf.int32) * row + tf.cast(left, tf.int32)
    upper = tf.gather(framed, place) * (1 - right) + tf.gather(framed, place + 1) * right
    lower = (
        tf.gather(framed, place + row) * (1 - right) + tf.gather(framed, place + row + 1) * right
    )
    return upper * (1 - bottom) + lower * bottom
