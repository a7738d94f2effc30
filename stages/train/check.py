"""Checks of an untrained model, so that no training is lost to what was wrong from the start."""

import tempfile
from pathlib import Path

import numpy as np

from stages.backend import keras, tf
from stages.common.errors import StageError, one_line

# How many images to try.
FEW = 4
# Rounding keeps sums of probabilities far nearer to 1 than this.
TOLERANCE = 1e-3
# Bright pixels can hide in a sigmoid's ends that it is no softmax, so faint ones are tried, too.
FAINT = 1 / 64


def check(model: keras.Model, where: str, images: np.ndarray) -> None:
    """Check that *model* can be trained, and what was trained be saved and opened again.

    It is tried on *images* (n, height, width, channels); *where* names the model and its file.

    Raises:
        StageError: it gives no probabilities, it cannot be saved and opened, or a weight has no
            gradient.
    """
    tried = np.concatenate([images, images * FAINT]).astype(np.float32)
    probabilities = model(tried, training=False).numpy()
    _check_probabilities(probabilities, where)
    again = _opened_again(model, where)
    if not np.allclose(again(tried, training=False).numpy(), probabilities, atol=TOLERANCE):
        raise StageError(
            f"{where}: saved and opened again, the model gives other probabilities; "
            "get_config of a layer must return all that its __init__ takes"
        )
    # Of the other one, since a call in training changes statistics.
    _check_gradients(again, tried, where)


def _check_probabilities(probabilities: np.ndarray, where: str) -> None:
    right = "end in a softmax over the classes"
    if not np.isfinite(probabilities).all():
        raise StageError(
            f"{where}: untrained, the model returns values that are not finite; {right}, and keep "
            "what comes before it small"
        )
    sums = probabilities.sum(axis=1)
    worst = sums[np.abs(sums - 1).argmax()]
    if probabilities.min() < 0 or abs(worst - 1) > TOLERANCE:
        raise StageError(
            f"{where}: the model returns no probabilities, but values from "
            f"{probabilities.min():.3g} to {probabilities.max():.3g}, in one image with the sum "
            f"{worst:.3g}; {right}"
        )


def _opened_again(model: keras.Model, where: str) -> keras.Model:
    """Return *model*, saved and opened again."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            model.save(path)
            return keras.models.load_model(path, safe_mode=True)
    except OSError:
        raise
    # Keras and the layers' own code have errors of every kind.
    except Exception as error:
        raise StageError(
            f"{where}: the model cannot be saved and opened again; layers and functions of your own "
            "need what docs/own-layers.md says, @keras.saving.register_keras_serializable() and "
            f"get_config: {one_line(error)}"
        ) from None


def _check_gradients(model: keras.Model, images: np.ndarray, where: str) -> None:
    weights = model.trainable_weights
    with tf.GradientTape() as tape:
        cost = tf.reduce_sum(tf.square(model(images, training=True)))
        cost += sum(tf.reduce_sum(loss) for loss in model.losses)
    if not weights:
        raise StageError(f"{where}: the model has no weight to train")
    gradients = tape.gradient(cost, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        if gradient is None:
            raise StageError(
                f"{where}: no gradient reaches the weight {weight.path}, so it cannot be trained; "
                "let the probabilities depend on it, or set trainable = False"
            )
