"""Random shifts, rotations and zooms of a batch of images, in one pass of a TensorFlow kernel."""

import math

import tensorflow as tf

from stages.settings import TrainingSettings

CENTER = (28 - 1) / 2


def is_wanted(settings: TrainingSettings) -> bool:
    """Tell whether *settings* ask for any change of the images."""
    return bool(settings.shift or settings.rotation or settings.zoom)


def augment(images: tf.Tensor, settings: TrainingSettings, seed: tf.Tensor) -> tf.Tensor:
    """Return *images* (n, 28, 28, 1), each moved, turned and scaled at random.

    Up to ``shift`` pixels along either axis, ``rotation`` degrees either way, and a factor
    within 1 ± ``zoom``; uniform, bilinear, black outside. *seed* (2,) int32 decides all of it.
    """
    count = tf.shape(images)[0]
    u = tf.random.stateless_uniform([4, count], seed, -1.0, 1.0)
    angle = u[0] * math.radians(settings.rotation)
    scale = 1 + u[1] * settings.zoom
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    # The kernel wants, for each output pixel, where it comes from; turn about the centre.
    x_offset = CENTER - cos * CENTER + sin * CENTER + u[2] * settings.shift
    y_offset = CENTER - sin * CENTER - cos * CENTER + u[3] * settings.shift
    zero = tf.zeros_like(cos)
    transforms = tf.stack([cos, -sin, x_offset, sin, cos, y_offset, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=[28, 28],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
