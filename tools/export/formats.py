"""Write a model in other formats and score each: ``python -m tools.export.formats NAME``.

Keras itself writes them: https://keras.io/api/models/model_saving_apis/export/
"""

import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from stages import params, processed
from stages.backend import keras, make_repeatable, tf
from stages.common.command import run
from stages.common.files import replacing, write_csv
from stages.evaluate.model import load, predict

HEADER = "model", "format", "runtime", "bytes", "accuracy", "disagreements", "largest_difference"
# Takes images (n, height, width, channels) uint8 and returns their probabilities (n, classes).
Predict = Callable[[np.ndarray], np.ndarray]


def write(model: keras.Model, path: Path, options: dict[str, Any]) -> None:
    """Write *model*, which has been called once, to *path* with Keras's *options*, silently."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(path, verbose=False, **options)


def onnx(path: Path) -> Predict:
    """Load a file into ONNX Runtime and return a function that predicts with it.

    https://onnxruntime.ai/docs/api/python/api_summary.html
    """
    options = onnxruntime.SessionOptions()
    # As many as LiteRT. By default it takes all of the machine's, even beyond a container's limit.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    return lambda images: session.run(None, {entry.name: images.astype(np.float32)})[0]


def litert(path: Path) -> Predict:
    """Load a file into LiteRT and return a function that predicts with it.

    https://ai.google.dev/edge/litert/microcontrollers/python
    """
    runner = Interpreter(model_path=str(path)).get_signature_runner()
    (entry,) = runner.get_input_details()
    (output,) = runner.get_output_details()
    return lambda images: runner(**{entry: images.astype(np.float32)})[output]


LITERT = f"LiteRT {version('ai-edge-litert')}"
# By file ending: Keras's options, the runtime that opens the file, and the function that does.
FORMATS: dict[str, tuple[dict[str, Any], str, Callable[[Path], Predict]]] = {
    "onnx": ({"format": "onnx"}, f"ONNX Runtime {version('onnxruntime')}", onnx),
    "tflite": ({"format": "litert"}, LITERT, litert),
    # 8-bit weights; a layer's inputs are converted to 8 bits too where that is faster.
    # https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_quant
    "int8.tflite": (
        {"format": "litert", "optimizations": [tf.lite.Optimize.DEFAULT]},
        LITERT,
        litert,
    ),
}


def main(name: str) -> None:
    """Write the model *name* in each format beside the original, and a table of how they do."""
    images, labels = processed.read("test")
    make_repeatable(0)
    path = Path("models") / f"{name}.keras"
    model = load(path, params.architecture_of(name), images.shape[1:], labels.shape[1])
    of_keras = predict(model.predict_on_batch, images)
    results = [("keras", f"Keras {keras.__version__}", of_keras)]
    for ending, (options, runtime, opened) in FORMATS.items():
        other = path.with_name(f"{name}.{ending}")
        with replacing(other) as temporary:
            write(model, temporary, options)
        results.append((ending, runtime, predict(opened(other), images)))
    rows = []
    for ending, runtime, probabilities in results:
        size = path.with_name(f"{name}.{ending}").stat().st_size
        said, of_original = probabilities.argmax(axis=1), of_keras.argmax(axis=1)
        right, others = (said == labels.argmax(axis=1)).mean(), (said != of_original).sum()
        largest = f"{np.abs(probabilities - of_keras).max():.1e}"
        rows.append((name, ending, runtime, size, float(right), int(others), largest))
    write_csv(Path("metrics/exports") / f"{name}.csv", HEADER, rows)


if __name__ == "__main__":
    run(main)
