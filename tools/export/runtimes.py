"""What opens an exported model, each as its makers show it."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

# Takes images (n, height, width, channels) uint8 and returns their probabilities (n, classes).
Predict = Callable[[np.ndarray], np.ndarray]


def onnx(path: Path, threads: int) -> Predict:
    """Return what ONNX Runtime makes of a file.

    https://onnxruntime.ai/docs/api/python/api_summary.html
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()

    def predict(images: np.ndarray) -> np.ndarray:
        (probabilities,) = session.run(None, {entry.name: images.astype(np.float32)})
        return np.asarray(probabilities)

    return predict


def litert(path: Path, threads: int) -> Predict:
    """Return what LiteRT makes of a file.

    https://ai.google.dev/edge/litert/microcontrollers/python
    """
    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def predict(images: np.ndarray) -> np.ndarray:
        if tuple(interpreter.get_input_details()[0]["shape"]) != images.shape:
            interpreter.resize_tensor_input(entry["index"], images.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(entry["index"], images.astype(np.float32))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(result["index"]))

    return predict


RUNTIMES: dict[str, tuple[str, Callable[[Path, int], Predict]]] = {
    "onnx": (f"ONNX Runtime {version('onnxruntime')}", onnx),
    "tflite": (f"LiteRT {version('ai-edge-litert')}", litert),
    "int8.tflite": (f"LiteRT {version('ai-edge-litert')}", litert),
}
