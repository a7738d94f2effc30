"""The sources of datasets, most of them on the network: one module each, found by its name.

A source is a module with ``fetch(dataset: Dataset) -> LabelledImages``, which raises
``StageError`` with its reason if it cannot answer. To add a source, add a file.
"""

import importlib
import pkgutil
import signal
import sys
from collections.abc import Sequence

from stages.common.errors import StageError
from stages.common.schema import check_name
from stages.fetch import user_cache
from stages.fetch.images import LabelledImages
from stages.fetch.known import Dataset, find, verified

# For each source. Enough for MNIST's 20 MB at 35 kB/s; a slower source is given up.
LIMIT_SECONDS = 600


def fetch(name: str | int, order: Sequence[str]) -> LabelledImages:
    """Return the dataset *name* from the first source in *order* that sends it.

    A known one is checked byte for byte, and comes from the user's cache folder if it was fetched
    before. Prints where the images came from, and a line for each source that did not send them.

    Raises:
        StageError: a source's name is unknown, before anything is fetched; or no source has the
            dataset, with the reason of each.
    """
    valid = [module.name for module in pkgutil.iter_modules(__path__)]
    for source in order:
        check_name("source", source, valid, "params.yaml: data.sources")
    dataset = find(name)
    if dataset.is_known and (kept := user_cache.read(dataset)):
        print(f"{name} from {user_cache.folder()}")
        return kept
    reasons = []
    for source in order:
        if sys.stdout.isatty():
            print(f"asking {source} ...", flush=True)
        try:
            data = _ask(source, dataset)
        except StageError as error:
            reasons.append(f"{source}: {error}")
            print(reasons[-1], flush=True)
        else:
            print(f"{name} from {source}")
            if dataset.is_known:
                user_cache.write(dataset, data)
            return data
    raise StageError(f"no source has {name}: {'; '.join(reasons) or 'data.sources is empty'}")


def _ask(source: str, dataset: Dataset) -> LabelledImages:
    """Return *dataset* from *source*; a known one is checked and gets its classes and split.

    A fetch that takes too long is ended wherever it is: in a socket, or waiting for a program,
    which ``subprocess.run`` then kills.
    """

    def end(*_: object) -> None:
        raise _TooLong

    handler = signal.signal(signal.SIGALRM, end)
    timer = signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS)
    try:
        data: LabelledImages = importlib.import_module(f"{__name__}.{source}").fetch(dataset)
    except _TooLong:
        raise StageError(f"took longer than {LIMIT_SECONDS:g} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
    return verified(data, dataset) if dataset.is_known else data


class _TooLong(BaseException):
    """Not an ``Exception`` such as ``TimeoutError``: libraries would retry or ignore it."""
