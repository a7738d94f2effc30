"""Which images are trained on, watched during training, and tested on."""

from typing import Annotated

import numpy as np
from pydantic import Field
from sklearn.model_selection import train_test_split

from stages import params
from stages.common.errors import StageError
from stages.common.schema import Settings

CLASSES = 10


class Split(Settings):
    """``split:`` of params.yaml."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    validation_fraction: Annotated[float, Field(ge=0, lt=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]


def read_split() -> Split:
    """Return the ``split`` section of params.yaml."""
    return Split.parse(params.section(params.read(), "split"), f"{params.PATH}: split")


def split_indices(count: int, split: Split) -> dict[str, np.ndarray]:
    """Return the indices of the ``train``, ``validation`` and ``test`` images among *count*.

    The test images are those of ``train_test_split(images, test_size=..., random_state=...)``,
    the notebook's call. The validation images are taken from the training images in the same
    way; with a fraction of 0 the test images stand in for them, as in the notebook.

    Raises:
        StageError: a part would be left without an image.
    """
    train, test = _take(np.arange(count), "test_fraction", split.test_fraction, split.seed)
    if split.validation_fraction == 0:
        return {"train": train, "validation": test, "test": test}
    train, validation = _take(train, "validation_fraction", split.validation_fraction, split.seed)
    return {"train": train, "validation": validation, "test": test}


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


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Return *labels* (n,) in 0..9 as one-hot rows (n, 10) float32."""
    rows: np.ndarray = np.eye(CLASSES, dtype=np.float32)[labels]
    return rows
