"""Pickles that hold arrays and nothing else."""

import pickle
from typing import IO, Any

from stages.common.errors import StageError

ALLOWED = ("numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype")


def load(file: IO[bytes]) -> Any:
    """Return what the pickle in *file* holds: NumPy arrays, lists, numbers and bytes.

    Raises:
        StageError: it names something else.
    """
    return _Arrays(file, encoding="bytes").load()


class _Arrays(pickle.Unpickler):
    """Unpickles NumPy arrays and nothing else, since what a pickle names may run a program.

    See https://docs.python.org/3/library/pickle.html#restricting-globals.
    """

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in ALLOWED:
            raise StageError(f"a pickle that names {name}; only arrays are read")
        return super().find_class(module_name.replace("numpy.core", "numpy._core"), global_name)
