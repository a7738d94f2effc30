"""Write a model in other formats: ``python -m tools.export.formats NAME``.

Keras itself does it: https://keras.io/api/models/model_saving_apis/export/
"""

import warnings
from pathlib import Path
from typing import Any

from stages import processed
from stages.backend import keras, tf
from stages.common.command import run
from stages.common.files import replacing
from stages.evaluate.model import load

# By the ending of their files, what Keras calls a format, and what it is to do there.
FORMATS: dict[str, dict[str, Any]] = {
    "onnx": {"format": "onnx"},
    "tflite": {"format": "litert"},
    # Weights of 8 bits; what comes into a layer is brought to 8 bits too where that is sooner.
    # https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_quant
    "int8.tflite": {"format": "litert", "optimizations": [tf.lite.Optimize.DEFAULT]},
}


def main(name: str) -> None:
    """Write the model *name* beside itself, in each format."""
    images, labels = processed.read("test")
    folder = Path("models")
    model = load(folder / f"{name}.keras", images.shape[1:], labels.shape[1])
    for ending, options in FORMATS.items():
        path = folder / f"{name}.{ending}"
        with replacing(path) as temporary:
            write(model, temporary, options)
        print(f"{path}: {path.stat().st_size:,} bytes")


def write(model: keras.Model, path: Path, options: dict[str, Any]) -> None:
    """Write *model* to *path* with Keras's *options*, its own warnings left out."""
    # Only of a model that has been used once does Keras know what goes in.
    model(tf.zeros((1, *model.input_shape[1:])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(path, verbose=False, **options)


if __name__ == "__main__":
    run(main)
