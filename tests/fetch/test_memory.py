"""Eight times as many images take no more memory, in any form."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import ROOT
from tests.support.handmade import write_files, write_params

# The peak of a child process includes what its parent holds, so the stage is started from a small
# process and not from this large one.
MEASURE = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", *sys.argv[1:]], check=True, stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
# In megabytes. The stages themselves take 60 and 200.
ONCE, MORE = 16, 8 * 16


def write(form: str, megabytes: int) -> str:
    """Write images of 1,000 by 1,000 pixels in two classes; return the value for data.path."""
    count = megabytes // 4 if form == "floats" else megabytes
    one = np.broadcast_to(np.arange(1000, dtype=np.uint8) % 251, (1000, 1000))
    images, labels = np.broadcast_to(one, (count, *one.shape)), np.arange(count, dtype=np.uint8) % 2
    if form == "files":
        pictures = {f"{i % 2}/{i}.png": Image.fromarray(one) for i in range(count)}
        write_files(Path("images"), pictures)
        return "images"
    if form == "npz":
        np.savez("my.npz", images=images, labels=labels)
    else:
        np.savez_compressed("my.npz", images=images.astype("f4"), labels=labels)
    return "my.npz"


def peak(stage: str) -> int:
    """Return the peak memory of a run of *stage*, in KiB on Linux."""
    command = [sys.executable, "-c", MEASURE, f"stages.{stage}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return int(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("form", "size"), [("npz", None), ("floats", 500), ("files", None), ("files", [500, 1000])]
)
def test_memory_does_not_grow_with_the_images(form: str, size: Any) -> None:
    peaks = []
    for megabytes in (ONCE, MORE):
        write_params(write(form, megabytes), size=size)
        peaks.append([peak(stage) for stage in ("fetch", "preprocess")[: 1 + (form == "npz")]])
    for once, more in zip(*peaks, strict=True):
        assert more < 1.2 * once
