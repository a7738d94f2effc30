"""The stage ``evaluate`` on files that hold no model of ours: one line, and no traceback."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.backend import keras
from stages.common.errors import StageError
from stages.evaluate.__main__ import load

# Keras turns variables into arrays in a way that numpy 2.4 will not take much longer.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def saved(path: Path, side: int = 28, classes: int = 10) -> bytes:
    """Write a model of one layer to *path* and return its bytes."""
    layers = [keras.Input((side, side, 1)), keras.layers.Flatten(), keras.layers.Dense(classes)]
    keras.Sequential(layers).save(path)
    return path.read_bytes()


def cut(path: Path) -> None:
    path.write_bytes(saved(path)[:-100])


def foreign(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "text")


def without_weights(path: Path) -> None:
    saved(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content[:200] if name == "model.weights.h5" else content)


MEND = "; mend its architecture, or remove it and run `dvc repro`"
DAMAGED = "damaged; `make verify` takes it away and brings it back"
FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "not there; `dvc repro` writes it"),
    "empty": (lambda path: path.write_bytes(b""), DAMAGED),
    "cut": (cut, DAMAGED),
    "foreign": (foreign, f"cannot be opened as a model (…){MEND}"),
    "weights cut": (without_weights, f"cannot be opened as a model (…){MEND}"),
    "classes": (
        lambda path: saved(path, classes=7),
        f"takes (None, 28, 28, 1) and gives (None, 7), not (None, 28, 28, 1) and (None, 10){MEND}",
    ),
    "images": (
        lambda path: saved(path, side=32),
        f"takes (None, 32, 32, 1) and gives (None, 10), not (None, 28, 28, 1) and (None, 10){MEND}",
    ),
}


@pytest.mark.parametrize(("write", "told"), FILES.values(), ids=FILES)
def test_what_is_no_model_of_ours_is_told_in_one_line_with_what_to_do(
    tmp_path: Path, write: Callable[[Path], object], told: str
) -> None:
    path = tmp_path / "model.keras"
    write(path)
    with pytest.raises(StageError) as caught:
        load(path, (28, 28, 1), 10)
    start, _, end = f"{path}: {told}".partition("…")
    line = str(caught.value)
    assert (line.startswith(start), line.endswith(end), "\n" in line) == (True, True, False), line
    assert end or line == start


def test_a_model_that_fits_is_loaded(tmp_path: Path) -> None:
    saved(tmp_path / "model.keras")
    assert load(tmp_path / "model.keras", (28, 28, 1), 10).count_params() == 7_850
