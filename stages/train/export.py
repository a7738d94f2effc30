"""Save a trained model so that its bytes depend only on its weights and settings."""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from stages.backend import keras
from stages.common.files import replacing, write_bytes

# The oldest time that an archive can hold.
OLDEST = time.struct_time((1980, 1, 1, 0, 0, 0, 1, 1, -1))


def save_model(path: Path, model: keras.Model) -> None:
    """Write *model* to *path*, a ``.keras`` file that ``keras.models.load_model`` opens.

    Keras puts the date of saving into the archive's metadata and the time into each member;
    neither is needed to load the model, and both would change the file's hash on every run.
    """
    with replacing(path) as temporary:
        save_as_keras_does(temporary, model)
        temporary.write_bytes(_without_times(temporary.read_bytes()))


def save_as_keras_does(path: Path, model: keras.Model) -> None:
    """Write *model* to *path*; on a machine whose clock stands at 1970, too."""
    with patch("time.localtime", return_value=OLDEST):
        model.save(path, include_optimizer=False)


def save_weights(path: Path, saved: Path) -> None:
    """Write the weights of the model *saved* as ``.keras`` to *path*, a ``.weights.h5`` file.

    The archive contains that file. If HDF5 itself wrote it, a full disk could crash the process
    instead of raising an error.
    """
    with zipfile.ZipFile(saved) as archive:
        write_bytes(path, archive.read("model.weights.h5"))


def _without_times(archive: bytes) -> bytes:
    """Return a ``.keras`` *archive* with sorted members and without dates."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(result, "w") as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name.endswith(".json"):
                config = _numbered(json.loads(content), {})
                if name == "metadata.json":
                    config.pop("date_saved", None)
                content = json.dumps(config, sort_keys=True).encode()
            # Its time is the oldest one.
            target.writestr(zipfile.ZipInfo(name), content)
    return result.getvalue()


def _numbered(config: Any, numbers: dict[int, int]) -> Any:
    """Return *config* with each ``shared_object_id`` replaced by its order of appearance.

    Keras writes the object's address in memory, which differs from process to process.
    """
    if isinstance(config, list):
        return [_numbered(value, numbers) for value in config]
    if not isinstance(config, dict):
        return config
    address = config.get("shared_object_id")
    if address is not None:
        config = {**config, "shared_object_id": numbers.setdefault(address, len(numbers))}
    return {key: _numbered(config[key], numbers) for key in sorted(config)}
