"""OpenML, where the notebook got its images: https://www.openml.org/d/554."""

import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from stages.common.errors import StageError, one_line
from stages.fetch.convert import to_labels, to_pixels
from stages.fetch.images import LabelledImages, checked
from stages.fetch.known import KnownDataset

TIMEOUT_SECONDS = 10
RETRIES = 1


def fetch(dataset: KnownDataset) -> LabelledImages:
    """Return *dataset* as OpenML sends it, in its order.

    Raises:
        StageError: OpenML cannot be reached, or sends something else.
    """
    table = _download(dataset.openml_name, dataset.openml_version)
    try:
        labels = np.asarray(table.target).astype(np.int64)
    except (TypeError, ValueError):
        raise StageError("labels that are not integers") from None
    where = f"{dataset.openml_name} version {dataset.openml_version}"
    return checked(
        to_pixels(np.asarray(table.data), f"{where}: images"),
        to_labels(labels, f"{where}: labels"),
        where,
    )


def _download(name: str, version: int) -> Any:
    """Return scikit-learn's object for one dataset: ``data`` ``(n, 784)``, ``target`` ``(n,)``."""
    # A folder of its own: without one scikit-learn downloads the file twice, the first time
    # for its checksum alone.
    with (
        _socket_timeout(TIMEOUT_SECONDS),
        warnings.catch_warnings(),
        TemporaryDirectory() as folder,
    ):
        # Retries are announced as warnings; what counts is the reason at the end.
        warnings.simplefilter("ignore")
        try:
            # Imported here since it takes a second, and most runs need it never.
            from sklearn.datasets import fetch_openml  # noqa: PLC0415

            return fetch_openml(
                name,
                version=version,
                as_frame=False,
                # scikit-learn's own parser, liac-arff, needs minutes and gigabytes for this.
                parser="pandas",
                # Every column as bytes, the label's too: 55 MB where int64 takes 440. And as
                # categories scikit-learn 1.9 cannot read numbers with pandas 3.1:
                # https://github.com/scikit-learn/scikit-learn/pull/34902
                read_csv_kwargs={"dtype": "uint8"},
                data_home=folder,
                n_retries=RETRIES,
            )
        # Network, HTTP, checksum, parser, a missing package: the next source may do better.
        except Exception as error:
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise StageError(f"cannot be fetched ({reason})") from None


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Let no network call wait longer than *seconds*: scikit-learn sets no limit of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
