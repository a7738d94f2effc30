"""Checks of an untrained model, so that no training is lost to what was wrong from the start."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.backend import keras, tf
from stages.common.arrays import scoring_batches
from stages.common.errors import StageError, named, one_line
from stages.opening import open_model
from stages.settings import TrainingSettings
from stages.train.export import save_as_keras_does
from stages.train.network import copy_weights, place

FEW = 4  # images
# More than rounding moves a sum of probabilities, even in bfloat16.
TOLERANCE = 0.01
# More than rounding moves the probabilities of one model in float32.
SAME = 1e-4
# Bright pixels can hide in a sigmoid's ends that it is no softmax, so faint ones are tried, too.
FAINT = 1 / 64
# Weights that all start at 0 can hide it as well.
DISTURBANCE = 0.1
RIGHT = "end in a softmax over the classes"
Make = Callable[[], keras.Model]


def check(model: keras.Model, make: Make, settings: TrainingSettings, images: np.ndarray) -> None:
    """Check that *model* can be trained, and what was trained be saved and opened again.

    It is tried on the first few *images* (n, height, width, channels), and so is the one that
    *make* returns.

    Raises:
        StageError: it gives no probabilities, it cannot be saved and opened, a weight has no
            gradient, its layers fail, or *make* returns another model.
    """
    try:
        _check(model, make, settings, images)
    except Exception as error:
        told = error if isinstance(error, StageError) else named(error)
        raise StageError(f"{place(model.name, settings)}: {told}") from None


def _check(model: keras.Model, make: Make, settings: TrainingSettings, images: np.ndarray) -> None:
    if not model.trainable_weights:
        raise StageError("the model has no weight to train")
    for weight in model.trainable_weights:
        if weight.dtype == "bfloat16" and settings.optimizer != "sgd":
            raise StageError(
                f"the weight {weight.path} is in bfloat16, in which {settings.optimizer} makes no "
                "steps; give its layer dtype='mixed_bfloat16', which keeps weights in float32"
            )
    few = images[next(scoring_batches(images))][:FEW]
    tried = np.concatenate([few, few * FAINT]).astype(np.float32)
    probabilities = _probabilities(model, tried)

    def is_same(other: keras.Model) -> bool:
        return np.allclose(other(tried, training=False).numpy(), probabilities, atol=SAME)

    twin = make()
    alike = [weight.shape for weight in twin.weights] == [weight.shape for weight in model.weights]
    if alike:
        copy_weights(model, twin)
    if not (alike and is_same(twin)):
        raise StageError(
            "connect makes another model each time; what is random in it has to come from Keras, "
            "NumPy's np.random or Python's random, which are seeded, and be the same in a new run"
        )
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            save_as_keras_does(path, model)
            again = open_model(path, settings.architecture)
    # Keras and the layers' own code have errors of every kind.
    except Exception as error:
        raise StageError(
            "the model cannot be saved and opened again; layers and functions of your own need "
            "what docs/own-layers.md says, @keras.saving.register_keras_serializable() and "
            f"get_config: {one_line(error)}"
        ) from None
    if not is_same(again):
        raise StageError(
            "saved and opened again, the model gives other probabilities; get_config of a layer "
            "must return all that its __init__ takes"
        )
    # Not *model* itself, of which a call in training changes statistics.
    _check_gradients(again, tried[len(few) :])


def _probabilities(model: keras.Model, images: np.ndarray) -> np.ndarray:
    shape = len(images), model.output_shape[1]
    found: np.ndarray = tf.cast(model(images, training=False), tf.float32).numpy()
    if found.shape != shape:
        raise StageError(f"the model returns {found.shape} for {shape[0]} images, not {shape}")
    if not np.isfinite(found).all():
        raise StageError(
            f"untrained, the model returns values that are not finite; {RIGHT}, and keep what "
            "comes before it small"
        )
    _check_sums(found)
    return found


def _check_sums(found: np.ndarray) -> None:
    sums = found.sum(axis=1)
    worst = sums[np.abs(sums - 1).argmax()]
    if found.min() < 0 or abs(worst - 1) > TOLERANCE:
        raise StageError(
            f"the model returns no probabilities, but values from {found.min():.3g} to "
            f"{found.max():.3g}, in one image with the sum {worst:.3g}; {RIGHT}"
        )


def _check_gradients(model: keras.Model, images: np.ndarray) -> None:
    """Check that all weights have a gradient, and that *model*, disturbed, gives probabilities."""
    weights = model.trainable_weights
    generator = np.random.default_rng(0)
    for weight in weights:
        weight.assign(weight + DISTURBANCE * generator.standard_normal(weight.shape))
    with tf.GradientTape() as tape:
        outputs = tf.cast(model(images, training=True), tf.float32)
        cost = tf.reduce_sum(tf.square(outputs))
        cost += sum(tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in model.losses)
    found = outputs.numpy()
    if np.isfinite(found).all():
        _check_sums(found)
    gradients = tape.gradient(cost, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        if gradient is None:
            raise StageError(
                f"no gradient reaches the weight {weight.path}, so it cannot be trained; let the "
                "probabilities depend on it, or set trainable = False"
            )
