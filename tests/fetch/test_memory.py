"""Eight times the images take no more memory, whatever form they come in."""

import gzip
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import ROOT
from tests.support.handmade import idx_bytes, write_params

# The peak of a process started from this large one would count what this one holds, so it is
# started from a small one.
MEASURE = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", *sys.argv[1:]], check=True, stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
# In megabytes. The stages take 60 and 200 by themselves.
ONCE, MORE = 16, 8 * 16


def images(megabytes: int, dtype: str = "u1") -> np.ndarray:
    """Return images of 1,000 by 1,000 pixels, one for each megabyte, as one that is repeated."""
    return np.broadcast_to(np.arange(1000, dtype=dtype) % 251, (megabytes, 1000, 1000))


def labels(megabytes: int) -> np.ndarray:
    """Return their labels, of two classes."""
    return np.arange(megabytes, dtype=np.uint8) % 2


def npz(folder: Path, megabytes: int) -> Path:
    """Write an .npz file, uncompressed."""
    np.savez(folder / "my.npz", images=images(megabytes), labels=labels(megabytes))
    return folder / "my.npz"


def floats(folder: Path, megabytes: int) -> Path:
    """Write an .npz file of pixels in four bytes each, compressed."""
    pixels = images(megabytes // 4, "f4")
    np.savez_compressed(folder / "my.npz", images=pixels, labels=labels(megabytes // 4))
    return folder / "my.npz"


def idx(folder: Path, megabytes: int) -> Path:
    """Write compressed IDX files."""
    content = idx_bytes(images(megabytes))
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content, 1))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels(megabytes)))
    return folder


def files(folder: Path, megabytes: int) -> Path:
    """Write image files, two classes of them."""
    stream = io.BytesIO()
    Image.fromarray(images(1)[0]).save(stream, "PNG")
    for number in range(megabytes):
        place = folder / f"{number % 2}/{number}.png"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(stream.getvalue())
    return folder


def peak(stage: str) -> int:
    """Return the most memory that a run of *stage* holds at a time, in KiB on Linux."""
    command = [sys.executable, "-c", MEASURE, f"stages.{stage}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize(
    ("write", "size", "stages"),
    [
        (npz, None, ["fetch", "preprocess"]),
        (floats, 500, ["fetch"]),
        (idx, None, ["fetch"]),
        (files, None, ["fetch"]),
    ],
)
def test_memory_does_not_grow_with_the_images(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path, int], Path],
    size: int | None,
    stages: list[str],
) -> None:
    peaks = []
    for megabytes in (ONCE, MORE):
        folder = tmp_path / str(megabytes)
        (folder / "images").mkdir(parents=True)
        monkeypatch.chdir(folder)
        write_params(write(folder / "images", megabytes), size)
        peaks.append([peak(stage) for stage in stages])
    for once, more in zip(*peaks, strict=True):
        assert more < 1.2 * once
