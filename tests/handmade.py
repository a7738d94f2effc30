"""Files written byte by byte, for tests of the readers: IDX, Python 2's pickles, wheels."""

import gzip
import io
import struct
import zipfile
from collections.abc import Sequence

import numpy as np

MEMBER = "mnist/data/mnist.pkl.gz"


def idx_bytes(values: np.ndarray) -> bytes:
    """Return *values* (uint8) as an IDX file: zeros, type, dimensions, sizes, values."""
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return b"\0\0\x08" + bytes([values.ndim]) + sizes + values.tobytes()


def digits(*labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one image ``(28, 28)`` for each label, its pixels counting up from the label."""
    pixels = [np.arange(label, label + 784) % 256 for label in labels]
    return np.array(pixels, np.uint8).reshape(-1, 28, 28), np.array(labels, np.uint8)


def python2_pickle(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> bytes:
    """Return ``((images, labels), ...)`` as Python 2 with numpy pickled it, protocol 2."""
    pairs = b"".join(_pickled(images) + _pickled(labels) + b"\x86" for images, labels in parts)
    return b"\x80\x02(" + pairs + b"t."


def _pickled(array: np.ndarray) -> bytes:
    """Return the opcodes that leave *array* (little-endian) on the unpickler's stack."""
    code = array.dtype.str[1:].encode()
    shape = b"(" + b"".join(b"J" + struct.pack("<i", size) for size in array.shape) + b"t"
    empty = b"cnumpy.core.multiarray\n_reconstruct\n" + b"cnumpy\nndarray\nK\0\x85U\1b\x87R"
    dtype = (
        b"cnumpy\ndtype\nU\2" + code + b"K\0K\1\x87R" + b"(K\3U\1<NNN" + b"J\xff\xff\xff\xff" * 2
    )
    content = array.tobytes()
    data = b"T" + struct.pack("<i", len(content)) + content
    return empty + b"(K\1" + shape + dtype + b"K\0tb" + b"\x89" + data + b"tb"


def wheel_bytes(pickled: bytes) -> bytes:
    """Return a wheel whose one file is *pickled*, compressed with gzip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, gzip.compress(pickled, mtime=0))
    return stream.getvalue()
