"""Score and time a model in each format, side by side: ``python -m tools.export.measure NAME``."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages import processed
from stages.backend import cores, keras, make_repeatable
from stages.common.command import run
from stages.common.files import write_csv
from stages.evaluate.model import load, predict
from stages.train.machine import describe
from tools.export.runtimes import RUNTIMES, Predict

SINGLE, BATCHED = 1, 256
# Each round times every format in turn, so that what else a machine does meets all of them. The
# first is not counted: that is where memory is laid out.
ROUNDS, SECONDS = 15, 0.1
QUARTILES = (25, 50, 75)
HEADER = (
    "model", "format", "runtime", "bytes", "accuracy", "disagreements", "largest_difference",
    *(f"milliseconds_q{quarter}" for quarter in QUARTILES),
    *(f"images_per_second_q{quarter}" for quarter in QUARTILES),
    "rounds", "machine",
)  # fmt: skip


def main(name: str) -> None:
    """Write the table of the model *name*."""
    images, labels = processed.read("test")
    make_repeatable(0)
    path = Path("models") / name
    model = load(path.with_name(f"{name}.keras"), images.shape[1:], labels.shape[1])
    threads = cores()
    on = "{cores} cores of {processor}, {system}, Python {python}".format_map(describe())
    formats: dict[str, Predict] = {"keras": model.predict_on_batch}
    for ending, (_, opened) in RUNTIMES.items():
        formats[ending] = opened(path.with_name(f"{name}.{ending}"), threads)
    said = {ending: predict(of_batch, images) for ending, of_batch in formats.items()}
    single = timed(formats, np.asarray(images[:SINGLE]))
    batched = timed(formats, np.asarray(images[:BATCHED]))
    actual, of_keras = labels.argmax(axis=1), said["keras"]
    rows = [
        (
            name,
            ending,
            RUNTIMES[ending][0] if ending in RUNTIMES else f"Keras {keras.__version__}",
            path.with_name(f"{name}.{ending}").stat().st_size,
            float((probabilities.argmax(axis=1) == actual).mean()),
            int((probabilities.argmax(axis=1) != of_keras.argmax(axis=1)).sum()),
            f"{np.abs(probabilities - of_keras).max():.1e}",
            *(f"{1000 * value:.4g}" for value in np.percentile(single[ending], QUARTILES)),
            *(
                f"{min(BATCHED, len(images)) / value:.4g}"
                for value in np.percentile(batched[ending], QUARTILES[::-1])
            ),
            ROUNDS,
            on,
        )
        for ending, probabilities in said.items()
    ]
    write_csv(Path("metrics/exports") / f"{name}.csv", HEADER, rows)
    for row in rows:
        print(f"{name}, {row[1]}: accuracy {row[4]:.4f}, {row[5]} other classes than Keras")


def timed(formats: Mapping[str, Predict], images: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each format the seconds (:data:`ROUNDS`,) it takes for one batch, *images*."""
    seconds: dict[str, list[float]] = {ending: [] for ending in formats}
    for _ in range(1 + ROUNDS):
        for ending, of_batch in formats.items():
            started, calls = time.perf_counter(), 0
            while time.perf_counter() - started < SECONDS:
                of_batch(images)
                calls += 1
            seconds[ending].append((time.perf_counter() - started) / calls)
    return {ending: np.array(values[1:]) for ending, values in seconds.items()}


if __name__ == "__main__":
    run(main)
