"""Which images are for training, for validation and for testing."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field
from sklearn.model_selection import train_test_split

from stages import params
from stages.common.errors import StageError
from stages.common.schema import Settings
from stages.raw import PARTS


class Split(Settings):
    """``split:`` of params.yaml; without a *test_fraction*, the data's own split."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)] | None
    validation_fraction: Annotated[float, Field(ge=0, lt=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]


def read_split() -> Split:
    """Return the ``split`` section of params.yaml."""
    return Split.parse(params.section(params.read(), "split"), f"{params.PATH}: split")


def split_indices(
    count: int, split: Split, own: Mapping[str, int], limit: int | None = None
) -> dict[str, np.ndarray]:
    """Return the indices of the ``train``, ``validation`` and ``test`` images among *count*.

    The test images are those of ``train_test_split(images, test_size=..., random_state=...)``,
    as in the notebook, on the first *limit* images. Without a fraction they are the data's own:
    *own* has the number of images in each part, one part after the other, and *limit* keeps the
    same share of each. The validation images are the data's own with its own split; otherwise they
    are taken from the training images in the same way. With a fraction of 0 they are the test
    images, as in the notebook.

    Raises:
        StageError: a part would be left without an image, or the data has no split of its own.
    """
    fraction = split.validation_fraction
    if split.test_fraction is None:
        parts = _own_parts(own, limit or count)
        if "validation" in parts and fraction:
            raise StageError(
                f"params.yaml: split.validation_fraction: {fraction:g}, but the data has validation"
                " images of its own; set it to 0 to use those"
            )
    else:
        indices = np.arange(min(count, limit or count))
        train, test = _take(indices, "test_fraction", split.test_fraction, split.seed)
        parts = {"train": train, "test": test}
    if fraction:
        taken = _take(parts["train"], "validation_fraction", fraction, split.seed)
        parts["train"], parts["validation"] = taken
    return {name: parts.get(name, parts["test"]) for name in PARTS}


def _own_parts(own: Mapping[str, int], limit: int) -> dict[str, np.ndarray]:
    """Return the indices of the data's own parts, *limit* in total."""
    if missing := {"train", "test"} - own.keys():
        raise StageError(
            "params.yaml: split.test_fraction: null takes the data's own split, but it has no "
            f"{' and no '.join(sorted(missing))} images of its own; give a fraction"
        )
    share = min(1.0, limit / sum(own.values()))
    parts, start = {}, 0
    for name in filter(own.get, PARTS):
        parts[name] = np.arange(start, start + max(1, round(own[name] * share)))
        start += own[name]
    return parts


def _take(
    indices: np.ndarray, key: str, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    try:
        rest, taken = train_test_split(indices, test_size=fraction, random_state=seed)
    except ValueError:
        raise StageError(
            f"params.yaml: split.{key}: {fraction:g} leaves a part without an image "
            f"(images to split: {len(indices)}); take more (data.limit) or another fraction"
        ) from None
    return rest, taken
