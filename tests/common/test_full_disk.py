"""No room to write: a clear line, the old file untouched, and a rerun with room succeeds.

A limit on the size of files stands for the full disk; the system refuses a write either way.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.common.arrays import write_array
from stages.common.errors import StageError
from stages.common.files import write_csv, write_json
from stages.train.checkpoint import Checkpoint
from stages.train.export import save_model, save_weights
from stages.train.results import Epoch
from stages.train.tensorboard import Logs
from tests.support.networks import built
from tests.support.processes import files_at_most
from tests.support.settings import training_settings

# Keras asks TensorFlow's variables for arrays in the way of the first numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ARRAY = np.zeros(100_000, np.uint8)
MODEL = built(training_settings(filters=[16, 16], dense=[64]))


def save_checkpoint(path: Path) -> None:
    checkpoint = Checkpoint("mine", "key")
    checkpoint.path = path
    checkpoint.save([Epoch(0, 0, 0, 0, 0)], [variable.value for variable in MODEL.weights])


def write_logs(folder: Path) -> None:
    logs = Logs(folder, MODEL, resumed=False)
    logs.write(1, Epoch(0, 0, 0, 0, 0))
    logs.close()


WRITERS: dict[str, Callable[[Path], None]] = {
    "values.json": lambda path: write_json(path, ARRAY.tolist()),
    "table.csv": lambda path: write_csv(path, ["a"], [[value] for value in ARRAY]),
    "array.npy": lambda path: write_array(path, ARRAY),
    "checkpoint.npz": save_checkpoint,
    "model.keras": lambda path: save_model(path, MODEL),
    "model.weights.h5": lambda path: save_weights(path, path.parent.parent / "saved.keras"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_file_stays_as_it_was_and_is_written_once_there_is_room(
    name: str, tmp_path: Path
) -> None:
    save_model(tmp_path / "saved.keras", MODEL)
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    path.write_bytes(b"old")
    with files_at_most(20_000), pytest.raises(StageError) as caught:
        WRITERS[name](path)
    # Between the two, a library may say more than the system does.
    told = str(caught.value)
    assert told.startswith(f"{path}: not written: ")
    assert "File too large" in told
    assert "what stood there before is untouched" in told
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]
    WRITERS[name](path)
    assert path.stat().st_size > 20_000


def test_tensorboards_logs_without_room_are_a_clear_error_too(tmp_path: Path) -> None:
    with files_at_most(1_000), pytest.raises(StageError, match=r"logs: not written: .*too large"):
        write_logs(tmp_path / "logs")
    write_logs(tmp_path / "logs")
