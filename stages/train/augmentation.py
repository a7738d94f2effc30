"""Random changes of a batch of images, in one pass of a TensorFlow kernel."""

import math

import tensorflow as tf

from stages.settings import TrainingSettings

HALF = 0.5


def is_wanted(settings: TrainingSettings) -> bool:
    """Tell whether *settings* ask for any change of the images."""
    return bool(settings.shift or settings.rotation or settings.zoom or settings.flip)


def augment(images: tf.Tensor, settings: TrainingSettings, seed: tf.Tensor) -> tf.Tensor:
    """Return *images* (n, height, width, channels), each moved, turned and scaled at random.

    Up to ``shift`` pixels along either axis, ``rotation`` degrees either way, and a factor
    within 1 ± ``zoom``; uniform, bilinear, black outside; and with ``flip`` every second one, by
    chance, mirrored left to right. *seed* (2,) int32 decides all of it.
    """
    height, width = images.shape[1:3]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    count = tf.shape(images)[0]
    u = tf.random.stateless_uniform([4, count], seed, -1.0, 1.0)
    angle = u[0] * math.radians(settings.rotation)
    scale = 1 + u[1] * settings.zoom
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    # The kernel wants, for each output pixel, where it comes from; turn about the centre.
    x_offset = middle_x - cos * middle_x + sin * middle_y + u[2] * settings.shift
    y_offset = middle_y - sin * middle_x - cos * middle_y + u[3] * settings.shift
    across, down = [cos, -sin, x_offset], [sin, cos, y_offset]
    if settings.flip:
        mirrored = tf.random.stateless_uniform([count], seed + 1) < HALF
        in_the_mirror = [-cos, sin, width - 1 - x_offset]
        across = [tf.where(mirrored, *pair) for pair in zip(in_the_mirror, across, strict=True)]
    zero = tf.zeros_like(cos)
    transforms = tf.stack([*across, *down, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
