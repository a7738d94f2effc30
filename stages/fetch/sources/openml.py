"""OpenML, where the notebook got its images: https://www.openml.org/d/554."""

import socket
import warnings
from tempfile import TemporaryDirectory

from stages.common.errors import StageError, one_line
from stages.fetch.images import LabelledImages, labelled
from stages.fetch.known import KnownDataset

TIMEOUT_SECONDS = 10
RETRIES = 1


def fetch(dataset: KnownDataset) -> LabelledImages:
    """Return *dataset* as OpenML sends it, in its order.

    Raises:
        StageError: OpenML cannot be reached, or sends something else.
    """
    # scikit-learn sets no limit of its own.
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_SECONDS)
    # A folder of its own: without one scikit-learn downloads the file twice, the first time
    # for its checksum alone.
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        # Retries are announced as warnings; what counts is the reason at the end.
        warnings.simplefilter("ignore")
        try:
            # Imported here since it takes a second, and most runs need it never.
            from sklearn.datasets import fetch_openml  # noqa: PLC0415

            table = fetch_openml(
                dataset.openml_name,
                version=dataset.openml_version,
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
        finally:
            socket.setdefaulttimeout(timeout)
    return labelled(table.data, table.target, dataset.openml_name)
