"""Places on the network that have the known datasets: one module each, found by its name.

A source is a module with ``fetch(dataset: KnownDataset) -> LabelledImages``, which raises
``StageError`` with its own reason when it cannot answer. Adding a source is adding a file.
"""

import importlib
import pkgutil
from collections.abc import Sequence

from stages.common.errors import StageError
from stages.common.schema import check_name
from stages.fetch.images import LabelledImages
from stages.fetch.known import KNOWN, KnownDataset, verify


def source_names() -> list[str]:
    """Return the names of the sources there are: those of the modules in this folder."""
    return [module.name for module in pkgutil.iter_modules(__path__)]


def fetch(dataset: str, order: Sequence[str]) -> LabelledImages:
    """Return the known *dataset* from the first source of *order* that sends it, byte for byte.

    Prints one line for each source that does not.

    Raises:
        StageError: an unknown name of a dataset or source, before anything is fetched; or no
            source has it, with each one's reason.
    """
    known = KNOWN[check_name("dataset", dataset, KNOWN, "params.yaml: data.dataset")]
    valid = source_names()
    if not order:
        raise StageError(f"params.yaml: data.sources: no source; name some of {', '.join(valid)}")
    for name in order:
        check_name("source", name, valid, "params.yaml: data.sources")
    reasons = []
    for name in order:
        try:
            return _fetch_from(name, known)
        except StageError as error:
            reasons.append(f"{name}: {error}")
            print(reasons[-1], flush=True)
    raise StageError(f"no source has {dataset}: {'; '.join(reasons)}")


def _fetch_from(name: str, dataset: KnownDataset) -> LabelledImages:
    """Return *dataset* from one source, its checksums verified."""
    source = importlib.import_module(f"{__name__}.{name}")
    data: LabelledImages = source.fetch(dataset)
    verify(data, dataset)
    return data
