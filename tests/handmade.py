"""Images made by a rule, and the bytes of an IDX file, for tests of the readers."""

import struct

import numpy as np


def idx_bytes(values: np.ndarray) -> bytes:
    """Return *values* (uint8) as an IDX file: zeros, type, dimensions, sizes, values."""
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return b"\0\0\x08" + bytes([values.ndim]) + sizes + values.tobytes()


def digits(*labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one image ``(28, 28)`` for each label, its pixels counting up from the label."""
    pixels = [np.arange(label, label + 784) % 256 for label in labels]
    return np.array(pixels, np.uint8).reshape(-1, 28, 28), np.array(labels, np.uint8)
