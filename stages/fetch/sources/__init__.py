"""Places on the network that have the known datasets: one module each, found by its name.

A source is a module with ``fetch(dataset: KnownDataset) -> LabelledImages``, which raises
``StageError`` with its own reason when it cannot answer. Adding a source is adding a file.
"""

import importlib
import pkgutil
import sys
from collections.abc import Sequence

from stages.common.errors import StageError
from stages.common.schema import check_name
from stages.fetch import user_cache
from stages.fetch.images import LabelledImages
from stages.fetch.known import KNOWN, verify
from stages.fetch.limit import limited

# For one source. Enough for its 20 MB at 35 kB/s; one that drips is given up.
LIMIT_SECONDS = 600


def fetch(dataset: str, order: Sequence[str]) -> LabelledImages:
    """Return the known *dataset*, byte for byte, from the first source of *order* that sends it.

    What was sent once is taken from the user's cache folder. Prints where the images came from,
    and one line for each source that did not send them.

    Raises:
        StageError: an unknown name of a dataset or source, before anything is fetched; or no
            source has it, with each one's reason.
    """
    known = KNOWN[check_name("dataset", dataset, KNOWN, "params.yaml: data.dataset")]
    valid = [module.name for module in pkgutil.iter_modules(__path__)]
    for name in order:
        check_name("source", name, valid, "params.yaml: data.sources")
    if kept := user_cache.read(known):
        print(f"{dataset} from {user_cache.folder()}")
        return kept
    reasons = []
    for name in order:
        if sys.stdout.isatty():
            print(f"asking {name} ...", flush=True)
        try:
            with limited(LIMIT_SECONDS):
                data: LabelledImages = importlib.import_module(f"{__name__}.{name}").fetch(known)
            verify(data, known)
        except StageError as error:
            reasons.append(f"{name}: {error}")
            print(reasons[-1], flush=True)
        else:
            print(f"{dataset} from {name}")
            user_cache.write(known, data)
            return data
    raise StageError(f"no source has {dataset}: {'; '.join(reasons) or 'data.sources is empty'}")
