"""Checkpoints: what was saved comes back, and nothing that is damaged or another's does."""

from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from stages import backend, settings
from stages.architectures import model1 as architecture
from stages.backend import keras, tf
from stages.common import files
from stages.train import checkpoint
from stages.train.checkpoint import Checkpoint, key_of, loaded_sources
from stages.train.results import Epoch

EPOCHS = [Epoch(0.5, 1.5, 0.25, 2.0, 3.25), Epoch(0.75, 1 / 3, 0.5, 1.0, 3.5)]
pytestmark = pytest.mark.usefixtures("here")


def variables(value: float) -> list[tf.Variable]:
    """Return variables of Keras and of TensorFlow, as a training's state has them, all unlike."""
    shapes = [(2, 3), (4,), *[()] * 9]
    first, *arrays = [np.full(shape, value + n, np.float32) for n, shape in enumerate(shapes)]
    # NumPy cannot write bfloat16.
    half = [kind(arrays.pop(0), dtype="bfloat16") for kind in (keras.Variable, tf.Variable)]
    return [keras.Variable(first), *half, *(tf.Variable(array) for array in arrays)]


def saved(key: str = "ours") -> Path:
    """Save a checkpoint of the model ``mine`` twice and return its file."""
    ours = Checkpoint("mine", key)
    ours.save(EPOCHS[:1], variables(1))
    ours.save(EPOCHS, variables(0.25))
    return ours.path


def loaded() -> tuple[list[Epoch], float]:
    """Return the epochs that are loaded and the value of the variables, 5 if none is loaded."""
    state = variables(5)
    done = Checkpoint("mine", "ours").load(state)
    (value,) = {value for i, each in enumerate(state) for value in np.ravel(each.numpy() - i)}
    return done, float(value)


def test_what_was_saved_last_comes_back_bit_for_bit_and_is_the_only_file() -> None:
    assert loaded() == ([], 5)
    path = saved()
    assert loaded() == (EPOCHS, 0.25)
    assert list(path.parent.iterdir()) == [path]


def test_anothers_checkpoint_is_set_aside_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved("theirs")
    content = path.read_bytes()
    assert loaded() == ([], 5)
    assert not path.exists()
    assert path.with_name("mine.npz.unused").read_bytes() == content
    told = "warning: checkpoint not used, it belongs to other settings, code or data"
    assert capsys.readouterr().err.startswith(told)


def test_any_cut_or_flipped_byte_is_either_noticed_or_harmless() -> None:
    path = saved()
    content, noticed = path.read_bytes(), 0
    for place in range(0, len(content), 41):
        flipped = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        for damaged in (content[:place], flipped):
            path.write_bytes(damaged)
            found = loaded()
            noticed += found == ([], 5)
            assert found in (([], 5), (EPOCHS, 0.25)), f"byte {place}"
    assert noticed > 100


def test_a_finished_training_is_taken_again_until_dvc_has_recorded_its_model() -> None:
    saved()
    model = Path("mine.keras")
    model.write_bytes(b"a model")
    Checkpoint("mine", "ours").finish(model)
    Path("dvc.lock").write_text("md5: 0123")
    assert loaded() == (EPOCHS, 0.25)
    # MD5 of "a model", by md5sum. Once recorded, a run is one that someone forces.
    Path("dvc.lock").write_text("md5: 0123\nmd5: fe2dbffd447a970c1a42dac39791f114\n")
    assert loaded() == ([], 5)
    # One that ends before its first checkpoint leaves it as forced as it was.
    with patch.object(np, "savez", side_effect=KeyboardInterrupt), suppress(KeyboardInterrupt):
        saved()
    assert loaded() == ([], 5)
    # What it saves is a training under way again.
    saved()
    assert loaded() == (EPOCHS, 0.25)


def test_key_is_of_settings_machine_code_and_data_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {Path(str(each.__file__)) for each in (checkpoint, backend, settings, files)}
    assert ours | {Path(str(architecture.__file__))} <= set(loaded_sources())
    code, data = Path("code"), Path("data")
    monkeypatch.setattr(checkpoint, "loaded_sources", lambda: [code])

    def key(epochs: str, threads: str, source: str, images: str) -> str:
        code.write_text(source)
        data.write_text(images)
        return key_of({"epochs": epochs}, {"threads": threads}, [data])

    given = ["aaaa", "baaa", "abaa", "aaba", "aaab"]
    assert len({key(*each) for each in given}) == len({key(*each) for each in given * 2}) == 5
