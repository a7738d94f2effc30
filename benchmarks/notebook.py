"""The baseline: the original notebook's code path, left as it stands.

Measures what its author waits for: the seconds of `fit` (validation on the test images and
TensorBoard's histograms included), the accuracy after it and the process's peak memory. Stock
Keras layers, int64 images as OpenML's data frame gives them, pixels not scaled, TensorFlow's own
choice of threads: nothing here is tuned, and nothing should be. One model per process, so that
each peak is that model's own. The notebook also keeps the 70,000 images it split; this does not,
which favours the baseline's memory.

    python -m benchmarks.notebook --data data/processed --model model1 [--epochs 2] [--seed 0]

The last line of its output is one line of JSON.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers


class Fit(NamedTuple):
    """How the notebook trains one of its models."""

    epochs: int
    batch_size: int


FITS = {"model1": Fit(5, 2000), "model2": Fit(10, 1000), "model3": Fit(10, 2000)}


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


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return *folder*'s images as int64, as OpenML's data frame gives them, and one-hot labels."""
    return np.load(folder / "images.npy").astype(np.int64), np.load(folder / "labels.npy")


def measure(data: Path, name: str, epochs: int | None, seed: int | None) -> dict[str, Any]:
    """Train the model *name* as the notebook does and return what was measured.

    *epochs* ``None`` leaves the notebook's own number; *seed* ``None`` leaves the initial weights
    and the order of the images to chance, as the notebook does.
    """
    if seed is not None:
        keras.utils.set_random_seed(seed)
    train_images, train_labels = read(data / "train")
    test_images, test_labels = read(data / "test")
    epochs = FITS[name].epochs if epochs is None else epochs
    batch_size = FITS[name].batch_size

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
            train_images,
            train_labels,
            validation_data=(test_images, test_labels),
            epochs=epochs,
            batch_size=batch_size,
            # The clock comes last: an epoch ends when its histograms are written.
            callbacks=[board, clock],
        )
        fit_seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(test_images, test_labels)
    return {
        "model": name,
        "parameters": model.count_params(),
        "trainable_parameters": sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        "epochs": epochs,
        "is_short": epochs < FITS[name].epochs,
        "batch_size": batch_size,
        "fit_seconds": fit_seconds,
        "seconds_per_epoch": np.diff([start, *marks]).tolist(),
        "accuracy": accuracy,
        # Linux counts it in units of 1,024 bytes.
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "images": len(train_images),
    }


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Train one model as the original notebook does.")
    parser.add_argument("--data", type=Path, required=True, help="folder with train/ and test/")
    parser.add_argument("--model", choices=sorted(BUILDERS), default="model1")
    parser.add_argument("--epochs", type=int, help="default: the notebook's own")
    parser.add_argument("--seed", type=int, help="default: none, as in the notebook")
    options = parser.parse_args()
    print(json.dumps(measure(options.data, options.model, options.epochs, options.seed)))


if __name__ == "__main__":
    main()
