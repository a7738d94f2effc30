"""Reading numpy arrays out of a pickle without running anything the pickle names.

The documented way, a list of allowed names (https://docs.python.org/3/library/pickle.html,
"Restricting Globals"), made narrower twice: the names stand for classes of ours that only keep
what they are given, and only the opcodes that such a pickle needs are let in.
"""

import io
import pickle
import pickletools
from typing import Any

import numpy as np

from stages.errors import StageError, one_line

# Python 2 wrote the array's bytes as a BINSTRING, so there is no need for _codecs.encode. Opcodes
# that ask for memory by a number alone, such as LONG_BINPUT and BYTEARRAY8, stay out.
OPCODES = (
    "PROTO GLOBAL REDUCE BUILD MARK TUPLE TUPLE1 TUPLE2 TUPLE3 NONE NEWFALSE STOP"
    " BININT BININT1 BININT2 SHORT_BINSTRING BINSTRING BINPUT BINGET"
)
DTYPES: dict[bytes, np.dtype] = {b"f4": np.dtype("<f4"), b"i8": np.dtype("<i8")}


class _DType:
    """Stands for ``numpy.dtype``: keeps its code and byte order."""

    def __init__(self, code: bytes, align: int, copy: int) -> None:
        self.code = code
        self.order = b""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]


class _Array:
    """Stands for ``numpy.ndarray``: keeps its state."""

    def __init__(self) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def to_numpy(self) -> np.ndarray:
        """Return the array; it shares the state's memory and is read-only."""
        _, shape, dtype, fortran, content = self.state
        if dtype.order != b"<" or fortran:
            raise ValueError("an array that is not little-endian and in C order")
        return np.frombuffer(content, DTYPES[dtype.code]).reshape(shape)


def _reconstruct(kind: type[_Array], shape: tuple[int, ...], code: bytes) -> _Array:
    """Stand for numpy's function that makes an empty array for the state to fill."""
    return kind()


NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in NAMES:
            raise pickle.UnpicklingError(f"names {module_name}.{global_name}")
        return NAMES[module_name, global_name]


def read_pairs(content: bytes, where: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the pairs of arrays in a pickle of pairs, such as ``((images, labels), ...)``.

    Args:
        content: the pickle, written by Python 2; its arrays little-endian float32 or int64.
        where: the file, for the error.

    Raises:
        StageError: anything else in the pickle, or not a pickle.
    """
    try:
        _check_opcodes(content)
        pairs = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        return [(images.to_numpy(), labels.to_numpy()) for images, labels in pairs]
    # Unpickling may raise any exception, says Python's documentation.
    except Exception as error:
        raise StageError(f"{where}: not a pickle of plain arrays ({one_line(error)})") from None


def _check_opcodes(content: bytes) -> None:
    """Check that the pickle uses none but :data:`OPCODES`; nothing is carried out yet."""
    allowed = OPCODES.split()
    for opcode, _, _ in pickletools.genops(content):
        if opcode.name not in allowed:
            raise pickle.UnpicklingError(f"uses {opcode.name}")
