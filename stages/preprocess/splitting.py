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
    stratified: bool
    seed: Annotated[int, Field(ge=0, lt=2**32)]


def read_split() -> Split:
    """Return the ``split`` section of params.yaml."""
    return Split.parse(params.section(params.read(), "split"), f"{params.PATH}: split")


def split_indices(
    labels: np.ndarray, split: Split, own: Mapping[str, int], limit: int | None = None
) -> dict[str, np.ndarray]:
    """Return the indices of the ``train``, ``validation`` and ``test`` images among all *labels*.

    The test images are those of ``train_test_split(images, test_size=..., random_state=...)``,
    as in the notebook, on the first *limit* images; if *stratified*, those of :func:`_shares`.
    Without a fraction they are the data's own: *own* has the number of images in each part, one
    part after the other, and *limit* keeps the same share of each. The validation images are the
    data's own with its own split; otherwise they are taken from the training images in the same
    way. With a fraction of 0 they are the test images, as in the notebook.

    Raises:
        StageError: a part would be left without an image, or the data has no split of its own.
    """
    count, fraction = len(labels), split.validation_fraction
    if split.test_fraction is None:
        parts = _own_parts(own, limit or count)
        if "validation" in parts and fraction:
            raise StageError(
                f"params.yaml: split.validation_fraction: {fraction:g}, but the data has validation"
                " images of its own; set it to 0 to use those"
            )
    else:
        train, test = _take(np.arange(min(count, limit or count)), "test_fraction", split, labels)
        parts = {"train": train, "test": test}
    if fraction:
        taken = _take(parts["train"], "validation_fraction", split, labels)
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
    indices: np.ndarray, key: str, split: Split, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the *indices* that are left, and the fraction of them that is taken."""
    fraction: float = getattr(split, key)
    try:
        if split.stratified:
            # A class that has an image for each part gives one to each.
            later = int(key == "test_fraction" and split.validation_fraction > 0)
            rest, taken = _shares(indices, labels[indices], fraction, split.seed, later)
        else:
            rest, taken = train_test_split(indices, test_size=fraction, random_state=split.seed)
    except ValueError:
        rest = taken = indices[:0]
    if not (len(rest) and len(taken)):
        raise StageError(
            f"params.yaml: split.{key}: {fraction:g} leaves a part without an image "
            f"(images to split: {len(indices)}); take more (data.limit) or another fraction"
        )
    return rest, taken


def _shares(
    indices: np.ndarray, labels: np.ndarray, fraction: float, seed: int, later: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the *indices* that are left, and the *fraction* taken from each class in *labels*.

    At least one is taken and one is left of each class that has two, and *later* more are left if
    it has them. scikit-learn's own split refuses classes as small as that.
    """
    generator = np.random.RandomState(seed)
    shuffled = generator.permutation(len(indices))
    taken = np.zeros(len(indices), bool)
    for label in np.unique(labels):
        own = shuffled[labels[shuffled] == label]
        most = max(1, len(own) - 1 - later) if len(own) > 1 else 0
        taken[own[: min(most, max(1, round(len(own) * fraction)))]] = True
    return indices[shuffled[~taken[shuffled]]], indices[shuffled[taken[shuffled]]]
