"""Checkpoints: what an interrupted training needs to continue, bit for bit."""

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.backend import tf
from stages.common.errors import one_line
from stages.common.files import replacing, write_text
from stages.train.results import Epoch

FOLDER = Path(".checkpoints")
LOCK = Path("dvc.lock")
PACKAGE = Path(__file__).parents[1]


class Checkpoint:
    """The file that holds one model's checkpoint.

    It is not one of DVC's outputs, since DVC deletes those before a stage runs. *key* identifies
    the training; a checkpoint with another key is never used.
    """

    def __init__(self, model: str, key: str) -> None:
        self.path = FOLDER / f"{model}.npz"
        self.key = key
        self._written = FOLDER / f"{model}.written"

    def save(self, epochs: Sequence[Epoch], variables: Sequence[Any]) -> None:
        """Replace the checkpoint with the state after *epochs*, completely or not at all."""
        arrays = {f"variable_{i:06}": _kept(variable) for i, variable in enumerate(variables)}
        arrays["checksum"] = np.array(_checksum(self.key, epochs, arrays))
        arrays["epochs"] = np.array(epochs, np.float64)
        arrays["key"] = np.array(self.key)
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        # Not earlier: until now the note belongs to a run that DVC may have recorded.
        self._written.unlink(missing_ok=True)

    def load(self, variables: Sequence[Any]) -> list[Epoch]:
        """Restore the saved state of *variables*; return the finished epochs, if any.

        A checkpoint that is damaged or belongs to another training is set aside with a warning.
        """
        if not self.path.exists() or self._is_recorded():
            return []
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                if str(content["key"]) != self.key:
                    return self._set_aside("it belongs to other settings, code or data")
                epochs = [Epoch(*row) for row in content["epochs"].tolist()]
                names = sorted(name for name in content.files if name.startswith("variable_"))
                arrays = {name: content[name] for name in names}
                checksum = str(content["checksum"])
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
            return self._set_aside(f"it is damaged ({one_line(error)})")
        if checksum != _checksum(self.key, epochs, arrays):
            return self._set_aside("it is damaged (its checksum differs)")
        for variable, array in zip(variables, arrays.values(), strict=True):
            variable.assign(tf.cast(array, variable.dtype))
        return epochs

    def _set_aside(self, reason: str) -> list[Epoch]:
        aside = self.path.with_suffix(".npz.unused")
        self.path.replace(aside)
        print(f"warning: checkpoint not used, {reason}; moved to {aside}", file=sys.stderr)
        return []

    def finish(self, model: Path) -> None:
        """Note that the training is done and that *model* was written from it.

        The checkpoint stays: if DVC is killed before it has recorded the stage, the next run
        writes the same files again without training.
        """
        digest = hashlib.md5(model.read_bytes(), usedforsecurity=False)
        write_text(self._written, digest.hexdigest())

    def _is_recorded(self) -> bool:
        """Return whether dvc.lock has recorded what was written from this checkpoint.

        If so, someone has forced the stage to run again, and it must train from the start.
        """
        written = self._written.read_text() if self._written.exists() else None
        return written is not None and LOCK.exists() and written in LOCK.read_text(encoding="utf-8")


def _kept(variable: Any) -> np.ndarray:
    """Return the value of *variable* in a type that NumPy can write; it has no bfloat16."""
    value: np.ndarray = variable.numpy()
    return value.astype(np.float32) if value.dtype.kind == "V" else value


def _checksum(key: str, epochs: Sequence[Epoch], arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256(key.encode() + np.array(epochs, np.float64).tobytes())
    for name in sorted(arrays):
        digest.update(name.encode() + arrays[name].tobytes())
    return digest.hexdigest()


def key_of(settings: dict[str, Any], machine: dict[str, Any], data: Iterable[Path]) -> str:
    """Return a hash of everything that training depends on.

    This is the *settings*, the *machine* (precision, threads, versions), the content of the
    *data* files and the source of all loaded modules of this package.
    """
    digest = hashlib.sha256(json.dumps([settings, machine], sort_keys=True).encode())
    for path in [*loaded_sources(), *data]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def loaded_sources() -> list[Path]:
    """Return the loaded source files of this package, including the one that is run."""
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    paths = {Path(file) for file in files if file}
    return sorted(path for path in paths if PACKAGE in path.parents)
