"""Score a model in each format, beside Keras: ``python -m tools.export.measure NAME``."""

from pathlib import Path

import numpy as np

from stages import processed
from stages.backend import keras, make_repeatable
from stages.common.command import run
from stages.common.files import write_csv
from stages.evaluate.model import load, predict
from tools.export.runtimes import RUNTIMES

HEADER = (
    *("model", "format", "runtime", "bytes"),
    *("accuracy", "disagreements", "largest_difference"),
)


def main(name: str) -> None:
    """Write the table of the model *name*."""
    images, labels = processed.read("test")
    make_repeatable(0)
    path = Path("models") / f"{name}.keras"
    model = load(path, images.shape[1:], labels.shape[1])
    said = {"keras": predict(model.predict_on_batch, images)}
    runtimes = {"keras": f"Keras {keras.__version__}"}
    for ending, (runtime, opened) in RUNTIMES.items():
        said[ending] = predict(opened(path.with_name(f"{name}.{ending}")), images)
        runtimes[ending] = runtime
    actual, of_keras = labels.argmax(axis=1), said["keras"]
    rows = [
        (
            name,
            ending,
            runtimes[ending],
            path.with_name(f"{name}.{ending}").stat().st_size,
            float((probabilities.argmax(axis=1) == actual).mean()),
            int((probabilities.argmax(axis=1) != of_keras.argmax(axis=1)).sum()),
            f"{np.abs(probabilities - of_keras).max():.1e}",
        )
        for ending, probabilities in said.items()
    ]
    write_csv(Path("metrics/exports") / f"{name}.csv", HEADER, rows)


if __name__ == "__main__":
    run(main)
