"""Checkpoints: what was saved comes back, and nothing that is damaged or another's does."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.backend import keras, tf
from stages.train.checkpoint import Checkpoint, key_of
from stages.train.results import Epoch

EPOCHS = [Epoch(0.5, 1.5, 0.25, 2.0, 3.25), Epoch(0.75, 1 / 3, 0.5, 1.0, 3.5)]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def variables(value: float) -> list[tf.Variable]:
    """Return variables of Keras and of TensorFlow, as a training's state has them."""
    arrays = [np.full(shape, value, np.float32) for shape in ((2, 3), (4,), ())]
    return [keras.Variable(arrays[0]), *(tf.Variable(array) for array in arrays[1:])]


def saved(key: str = "ours") -> Path:
    """Save a checkpoint of the model ``mine`` and return its file."""
    checkpoint = Checkpoint("mine", key)
    checkpoint.save(EPOCHS, variables(1 / 3))
    return checkpoint.path


def is_untouched(state: list[tf.Variable], value: float) -> bool:
    return all((variable.numpy() == np.float32(value)).all() for variable in state)


def test_epochs_and_variables_come_back_bit_for_bit() -> None:
    saved()
    state = variables(0)
    assert Checkpoint("mine", "ours").load(state) == EPOCHS
    assert is_untouched(state, 1 / 3)


def test_later_checkpoint_replaces_the_earlier_one() -> None:
    checkpoint = Checkpoint("mine", "ours")
    for done in (1, 2):
        checkpoint.save(EPOCHS[:done], variables(done))
    state = variables(0)
    assert checkpoint.load(state) == EPOCHS
    assert is_untouched(state, 2)
    assert list(checkpoint.path.parent.iterdir()) == [checkpoint.path]


def test_without_a_checkpoint_nothing_is_done_and_nothing_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = variables(5)
    assert Checkpoint("mine", "ours").load(state) == []
    assert is_untouched(state, 5)
    assert capsys.readouterr() == ("", "")


def assert_set_aside(path: Path, key: str, capsys: pytest.CaptureFixture[str], why: str) -> None:
    """Check that the checkpoint at *path* is not used for *key*, and that the user is told."""
    content, state = path.read_bytes(), variables(5)
    assert Checkpoint("mine", key).load(state) == []
    assert is_untouched(state, 5)
    assert not path.exists()
    assert path.with_name("mine.npz.unused").read_bytes() == content
    told = capsys.readouterr().err
    assert told.startswith("warning: checkpoint not used, ")
    assert why in told
    assert told.count("\n") == 1


def test_checkpoint_of_something_else_is_set_aside(capsys: pytest.CaptureFixture[str]) -> None:
    assert_set_aside(saved("theirs"), "ours", capsys, "belongs to other settings, code or data")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "last byte missing": lambda content: content[:-1],
    "no archive": lambda content: b"not a checkpoint",
    "one value changed": lambda content: content.replace(
        np.float32(1 / 3).tobytes(), np.float32(2 / 3).tobytes(), 1
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_checkpoint_is_set_aside(
    damage: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved()
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert path.read_bytes() != content
    assert_set_aside(path, "ours", capsys, "it is damaged (")


def test_any_flipped_byte_is_either_noticed_or_harmless() -> None:
    path = saved()
    content = path.read_bytes()
    noticed = 0
    for place in range(0, len(content), 3):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        state = variables(5)
        done = Checkpoint("mine", "ours").load(state)
        noticed += not done
        assert is_untouched(state, 1 / 3 if done else 5), f"byte {place}"
        assert done in ([], EPOCHS), f"byte {place}"
    assert noticed > 300


def test_checkpoint_is_removed_once_it_has_served() -> None:
    path = saved()
    Checkpoint("mine", "").remove()
    Checkpoint("mine", "").remove()
    assert not path.exists()


def test_key_changes_with_settings_machine_and_data_alone() -> None:
    data = Path("data")
    keys = []
    for settings, machine, content in [(1, 1, b"1"), (2, 1, b"1"), (1, 2, b"1"), (1, 1, b"2")]:
        data.write_bytes(content)
        keys.append(key_of({"epochs": settings}, {"threads": machine}, [data]))
    data.write_bytes(b"1")
    assert len(set(keys)) == 4
    assert key_of({"epochs": 1}, {"threads": 1}, [data]) == keys[0]
