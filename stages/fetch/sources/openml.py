"""OpenML, which has the notebook's images (https://www.openml.org/d/554) and many others."""

import math
import socket
import warnings
from tempfile import TemporaryDirectory

import numpy as np

from stages.common.errors import StageError, named
from stages.fetch.images import LabelledImages, Part, labelled
from stages.fetch.known import Dataset

TIMEOUT_SECONDS = 10


def fetch(dataset: Dataset) -> LabelledImages:
    """Return *dataset* from OpenML, in OpenML's order: square images, one in each row.

    Images in colour have their red values first, then green, then blue. The whole table is in
    memory, since scikit-learn reads it that way.

    Raises:
        StageError: OpenML cannot be reached, or sends something else.
    """
    # scikit-learn sets no limit itself. This one holds until the stage ends.
    socket.setdefaulttimeout(TIMEOUT_SECONDS)
    # Without a folder scikit-learn downloads the file twice, the first time only for its
    # checksum.
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        # Retries are announced as warnings; only the final reason matters.
        warnings.simplefilter("ignore")
        try:
            pixels, labels = _table(dataset, folder)
        # Network, HTTP, checksum, parser, a missing package: the next source may work.
        except Exception as error:
            raise StageError(f"cannot be fetched ({named(error)})") from None
    count, values = pixels.shape
    side = math.isqrt(values // 3)
    if values == 3 * side**2:
        pixels = pixels.reshape(count, 3, side, side).transpose(0, 2, 3, 1)
    return labelled({"all": Part(pixels, labels, str(dataset.openml))})


def _table(dataset: Dataset, folder: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the table's pixels (n, pixels) and labels (n,); the file is kept in *folder*."""
    # Imported here since it takes a second and most runs do not need it.
    from sklearn.datasets import fetch_openml  # noqa: PLC0415

    which = {"name" if isinstance(dataset.openml, str) else "data_id": dataset.openml}
    # First every column as bytes, the labels too: MNIST takes 55 MB, as int64 it takes 440. If a
    # value does not fit, pandas raises an error instead of clipping it; then pandas finds each
    # column's type itself, for which scikit-learn downloads the file once more. In both cases
    # labels are not categories, scikit-learn's default: scikit-learn 1.9 cannot read numbers as
    # categories with pandas 3.1, https://github.com/scikit-learn/scikit-learn/pull/34902.
    # scikit-learn's own parser, liac-arff, needs minutes and gigabytes for this.
    options = {"as_frame": False, "parser": "pandas", "data_home": folder, "n_retries": 1}
    try:
        table = fetch_openml(**which, **options, read_csv_kwargs={"dtype": "uint8"})
    except ValueError:
        table = fetch_openml(**which, **options, read_csv_kwargs={"dtype": None})
    pixels, labels = table.data, table.target
    # Words may be in quotes.
    return pixels, labels if labels.dtype.kind in "uif" else np.char.strip(labels.astype(str), "'")
