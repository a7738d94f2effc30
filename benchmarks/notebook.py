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
from importlib import import_module
from time import perf_counter
from typing import Any

import keras
import numpy as np

from benchmarks.side import BATCH_SIZES, DATA, time_steps

EPOCHS = {"model1": 5, "model2": 10, "model3": 10}


def build(name: str) -> Any:
    """Return the notebook's model *name*, compiled; our architecture of that name is its own."""
    architecture = import_module(f"stages.architectures.{name}")
    pixels = keras.Input(shape=(28, 28, 1))
    digits = architecture.connect(pixels, architecture.FILTERS, architecture.DENSE, classes=10)
    model = keras.Model(pixels, digits)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def fit(name: str) -> dict[str, Any]:
    """Train the model *name* as the notebook does and return what was measured."""
    images, labels, *test = (
        np.load(DATA / part / f"{name}.npy").astype(kind)
        for part in ("train", "test")
        # int64, as OpenML's data frame gives them.
        for name, kind in (("images", np.int64), ("labels", np.float32))
    )
    model = build(name)
    model.summary()
    marks = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: marks.append(perf_counter()))
    with tempfile.TemporaryDirectory() as logs:
        board = keras.callbacks.TensorBoard(log_dir=logs, histogram_freq=1)
        start = perf_counter()
        model.fit(
            images,
            labels,
            validation_data=test,
            epochs=EPOCHS[name],
            batch_size=BATCH_SIZES[name],
            # The clock is last: an epoch ends when its histograms are written.
            callbacks=[board, clock],
        )
        fit_seconds = perf_counter() - start
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


def steps(name: str) -> dict[str, Any]:
    """Return the times of some of Keras's own training steps of the model *name*.

    They are in float32 with the notebook's batch sizes; no shuffling, no validation, images as
    floats in memory. `TF_ENABLE_ONEDNN_OPTS` turns oneDNN on or off where TensorFlow's own choice
    is not wanted.
    """
    images = np.load(DATA / "train" / "images.npy").astype(np.float32)
    labels = np.load(DATA / "train" / "labels.npy")
    model = build(name)

    def step(batch: slice) -> None:
        model.train_on_batch(images[batch], labels[batch])

    return {"model": name, **time_steps(step, len(images), BATCH_SIZES[name])}
