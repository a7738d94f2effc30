"""Tables of pixels, ``.csv``: a line for each image, with its label in one column.

As Kaggle's digit recognizer has them: ``label,pixel0,pixel1,...``, row by row of each image.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from stages.common.arrays import CHUNK_BYTES
from stages.common.errors import StageError, one_line
from stages.fetch.images import LabelledImages, Part, labelled

# How many columns an error names.
SHOWN = 4
LABELS = ("label", "labels", "class", "target", "y")


def read(path: Path, scratch: Path) -> LabelledImages:
    """Return the images in the table *path*, a few lines at a time by way of a file in *scratch*.

    Raises:
        StageError: it is no such table, or has values that are not pixels or labels.
    """
    try:
        with warnings.catch_warnings():
            # Of lines longer than the first, it would leave out the rest.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            images, labels = _read(path, scratch / "pixels")
    # pandas has one class for each thing that can be wrong, most of them kinds of this one.
    except (ValueError, pd.errors.ParserWarning) as error:
        raise StageError(f"{path}: not a table of pixels: {one_line(error)}") from None
    return labelled({"all": Part(images, labels, str(path))})


def _read(path: Path, target: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (n, pixels) float32, mapped from the file *target*, and the labels (n,)."""
    columns = [str(name) for name in pd.read_csv(path, nrows=0).columns]
    found = [name for name in columns if name.strip().lower() in LABELS]
    pixels = [name for name in columns if name not in found]
    if len(found) != 1 or not pixels:
        raise ValueError(
            "the first line names the columns, one of them label, the others pixels; "
            f"found {', '.join(columns[:SHOWN])}"
        )
    labels: list[str] = []
    with (
        target.open("wb") as file,
        pd.read_csv(
            path,
            chunksize=max(1, CHUNK_BYTES // (8 * len(pixels))),
            dtype={found[0]: str},
            index_col=False,
            # A class may be named NA, but a pixel that is missing is NaN.
            keep_default_na=False,
            na_values={name: [""] for name in pixels},
        ) as chunks,
    ):
        for chunk in chunks:
            labels.extend(chunk.pop(found[0]).str.strip())
            file.write(chunk.to_numpy(np.float32).tobytes())
    if not labels:
        raise ValueError("no images")
    shape = len(labels), len(pixels)
    return np.memmap(target, np.float32, "r", shape=shape), _numbers(np.array(labels))


def _numbers(labels: np.ndarray) -> np.ndarray:
    """Return *labels* as numbers if all of them are some, else as they are."""
    for kind in (np.int64, np.float64):
        try:
            return labels.astype(kind)
        except (ValueError, OverflowError):
            continue
    return labels
