"""Files written whole or not at all, with bytes that their content alone decides."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from stages.common.arrays import read_array, write_array
from stages.common.errors import StageError
from stages.common.files import read_json, write_csv, write_json, write_text
from stages.tables import read_table
from stages.train.checkpoint import Checkpoint
from stages.train.export import save_model, save_weights
from stages.train.results import Epoch
from stages.train.tensorboard import Logs
from tests.support.networks import built
from tests.support.processes import files_at_most
from tests.support.settings import training_settings

ARRAY = np.zeros(100_000, np.uint8)
MODEL = built(training_settings(filters=[16, 16], dense=[64]))


def test_an_interruption_leaves_the_old_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = here / "file"
    path.write_text("old")
    monkeypatch.setattr("os.fsync", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(here.iterdir()) == [path]


def test_json_without_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "file", float("nan"))


def save_checkpoint(path: Path) -> None:
    checkpoint = Checkpoint("mine", "key")
    checkpoint.path = path
    checkpoint.save([Epoch(0, 0, 0, 0, 0)], [variable.value for variable in MODEL.weights])


WRITERS: dict[str, Callable[[Path], None]] = {
    "values.json": lambda path: write_json(path, ARRAY.tolist()),
    "array.npy": lambda path: write_array(path, ARRAY),
    "checkpoint.npz": save_checkpoint,
    "model.keras": lambda path: save_model(path, MODEL),
    "model.weights.h5": lambda path: save_weights(path, path.parent.parent / "saved.keras"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_without_room_the_old_file_stays_until_there_is_some(name: str, tmp_path: Path) -> None:
    save_model(tmp_path / "saved.keras", MODEL)
    path = tmp_path / "folder" / name
    path.parent.mkdir()
    path.write_bytes(b"old")
    # The system refuses a larger file as it does one on a full disk.
    with files_at_most(20_000), pytest.raises(StageError) as caught:
        WRITERS[name](path)
    told = str(caught.value)
    assert told.startswith(f"{path}: not written: ")
    # What stands around it are a library's words.
    assert "File too large" in told
    assert "; an older file there is untouched; " in told
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]
    WRITERS[name](path)
    assert path.stat().st_size > 20_000


def test_tensorboards_logs_without_room_are_a_clear_error_too(tmp_path: Path) -> None:
    weights = {variable.path: variable for variable in MODEL.weights}
    with files_at_most(1_000), pytest.raises(StageError, match=r"logs: not written: .*too large"):
        Logs(tmp_path / "logs", weights, resumed=False).write(1, Epoch(0, 0, 0, 0, 0))


def test_json_has_sorted_keys_and_csv_exact_floats_and_both_unix_line_ends(tmp_path: Path) -> None:
    write_json(tmp_path / "new folder/file.json", {"b": 0.1, "a": None})
    expected = b'{\n  "a": null,\n  "b": 0.1\n}\n'
    assert (tmp_path / "new folder/file.json").read_bytes() == expected
    write_csv(tmp_path / "file.csv", ("a", "b"), [(1, 0.1), ("x,y", 1 / 3)])
    assert (tmp_path / "file.csv").read_bytes() == b'a,b\n1,0.1\n"x,y",0.3333333333333333\n'


@pytest.mark.parametrize("read", [read_json, read_array, read_table])
def test_a_missing_or_damaged_file_is_told(tmp_path: Path, read: Callable[[Path], object]) -> None:
    file = tmp_path / "file"
    with pytest.raises(StageError, match=r"file: missing; `make repro` writes it$"):
        read(file)
    for content in (b"", b'"half of it', b"\xff\x00"):
        file.write_bytes(content)
        with pytest.raises(StageError, match=r"file: damaged; `make verify` restores it$"):
            read(file)
