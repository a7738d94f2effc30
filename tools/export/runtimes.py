"""What opens an exported model, each as its makers show it."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

# Takes images (n, height, width, channels) uint8 and returns their probabilities (n, classes).
Predict = Callable[[np.ndarray], np.ndarray]


def onnx(path: Path) -> Predict:
    """Return what ONNX Runtime makes of a file.

    https://onnxruntime.ai/docs/api/python/api_summary.html
    """
    options = onnxruntime.SessionOptions()
    # As LiteRT takes. Left to itself it takes all that the machine has, a container's limit or not.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()

    def predict(images: np.ndarray) -> np.ndarray:
        (probabilities,) = session.run(None, {entry.name: images.astype(np.float32)})
        return np.asarray(probabilities)

    return predict


def litert(path: Path) -> Predict:
    """Return what LiteRT makes of a file.

    https://ai.google.dev/edge/litert/microcontrollers/python
    """
    runner = Interpreter(model_path=str(path)).get_signature_runner()
    (entry,) = runner.get_input_details()

    def predict(images: np.ndarray) -> np.ndarray:
        (probabilities,) = runner(**{entry: images.astype(np.float32)}).values()
        return np.asarray(probabilities)

    return predict


RUNTIMES: dict[str, tuple[str, Callable[[Path], Predict]]] = {
    "onnx": (f"ONNX Runtime {version('onnxruntime')}", onnx),
    "tflite": (f"LiteRT {version('ai-edge-litert')}", litert),
    "int8.tflite": (f"LiteRT {version('ai-edge-litert')}", litert),
}
