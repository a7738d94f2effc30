"""Whether a model that is 90 % confident is right 90 % of the time."""

import numpy as np
import pandas as pd

BINS = 10


def reliability(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Return the points of a reliability diagram: a row for each tenth of confidence with images.

    *confidence* (n,) is that of each prediction, *right* (n,) whether it is right. A row has the
    number of ``images``, their mean ``confidence`` and their ``accuracy``.
    """
    table = pd.DataFrame({"confidence": confidence, "accuracy": right})
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    grouped = table.groupby(bins)
    return grouped.mean().assign(images=grouped.size()).reset_index(drop=True)


def expected_calibration_error(points: pd.DataFrame) -> float:
    """Return the mean gap between confidence and accuracy over all images (Guo et al., 2017).

    *points* are those of :func:`reliability`; the paper is https://arxiv.org/abs/1706.04599.
    """
    gaps = (points["confidence"] - points["accuracy"]).abs()
    return float(np.average(gaps, weights=points["images"]))
