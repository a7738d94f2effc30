"""The baseline: the original notebook's code path, unchanged.

Measures what its author waits for: the seconds of `fit` (validation on the test images and
TensorBoard's histograms included), the accuracy after it and the process's peak memory. Stock
Keras layers, int64 images as OpenML's data frame gives them, pixels not scaled, first weights and
order of the images left to chance, TensorFlow's own choice of threads: nothing here is tuned, and
nothing should be. One model per process, so that each peak is that model's own. The notebook also
keeps the 70,000 images it split; this does not, which favours the baseline's memory.
"""

import resource
import tempfile
import time
from typing import Any

import keras
import numpy as np
from keras import layers

from benchmarks.side import BATCH_SIZES, DATA

EPOCHS = {"model1": 5, "model2": 10, "model3": 10}


def model1() -> Any:
    """Return the notebook's first model, uncompiled."""
    pixels = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(50, (3, 3), activation="relu", padding="same")(pixels)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(50, (2, 2), activation="relu", padding="same")(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Flatten()(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(x)
    digits = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs=pixels, outputs=digits)


def model2() -> Any:
    """Return the notebook's second model, uncompiled."""
    pixels = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(32, (3, 3), activation="relu", padding="same")(pixels)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(64, (2, 2), activation="relu", padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Flatten()(x)
    x = layers.Dense(32, activation="relu")(x)
    digits = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs=pixels, outputs=digits)


def model3() -> Any:
    """Return the notebook's third model, uncompiled."""
    pixels = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(64, (3, 3), activation="relu", padding="same")(pixels)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(128, (3, 3), activation="relu", padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.SeparableConv2D(256, (2, 2), activation="relu", padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dense(32, activation="relu")(x)
    digits = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs=pixels, outputs=digits)


BUILDERS = {"model1": model1, "model2": model2, "model3": model3}


def measure(name: str) -> dict[str, Any]:
    """Train the model *name* as the notebook does and return what was measured."""
    images, labels, *test = (
        np.load(DATA / part / f"{name}.npy").astype(kind)
        for part in ("train", "test")
        # int64, as OpenML's data frame gives them.
        for name, kind in (("images", np.int64), ("labels", np.float32))
    )
    model = BUILDERS[name]()
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.summary()
    marks = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: marks.append(time.perf_counter())
    )
    with tempfile.TemporaryDirectory() as logs:
        board = keras.callbacks.TensorBoard(log_dir=logs, histogram_freq=1)
        start = time.perf_counter()
        model.fit(
            images,
            labels,
            validation_data=test,
            epochs=EPOCHS[name],
            batch_size=BATCH_SIZES[name],
            # The clock is last: an epoch ends when its histograms are written.
            callbacks=[board, clock],
        )
        fit_seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(*test)
    return {
        "model": name,
        "parameters": model.count_params(),
        "trainable_parameters": sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        "epochs": EPOCHS[name],
        "batch_size": BATCH_SIZES[name],
        "fit_seconds": fit_seconds,
        "seconds_per_epoch": np.diff([start, *marks]).tolist(),
        "accuracy": accuracy,
        # Linux counts it in units of 1,024 bytes.
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "images": len(images),
    }
