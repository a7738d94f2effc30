"""Write a model in other formats and score each: ``python -m tools.export.formats NAME``.

Keras itself writes them: https://keras.io/api/models/model_saving_apis/export/
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from stages import processed
from stages.backend import keras, make_repeatable, tf
from stages.common.command import run
from stages.common.files import replacing, write_csv
from stages.evaluate.model import load, predict
from tools.export.runtimes import RUNTIMES

# By the ending of their files, what Keras calls a format, and what it is to do there.
FORMATS: dict[str, dict[str, Any]] = {
    "onnx": {"format": "onnx"},
    "tflite": {"format": "litert"},
    # Weights of 8 bits; what comes into a layer is brought to 8 bits too where that is sooner.
    # https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_quant
    "int8.tflite": {"format": "litert", "optimizations": [tf.lite.Optimize.DEFAULT]},
}
HEADER = (
    *("model", "format", "runtime", "bytes"),
    *("accuracy", "disagreements", "largest_difference"),
)


def main(name: str) -> None:
    """Write the model *name* beside itself in each format, and the table of how they do."""
    images, labels = processed.read("test")
    make_repeatable(0)
    path = Path("models") / f"{name}.keras"
    model = load(path, images.shape[1:], labels.shape[1])
    runtimes = {"keras": f"Keras {keras.__version__}"}
    said = {"keras": predict(model.predict_on_batch, images)}
    for ending, options in FORMATS.items():
        other = path.with_name(f"{name}.{ending}")
        with replacing(other) as temporary:
            write(model, temporary, options)
        runtimes[ending], opened = RUNTIMES[ending]
        said[ending] = predict(opened(other), images)
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


def write(model: keras.Model, path: Path, options: dict[str, Any]) -> None:
    """Write *model*, used once already, to *path* with Keras's *options*, its warnings left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(path, verbose=False, **options)


if __name__ == "__main__":
    run(main)
