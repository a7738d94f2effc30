"""Whether a model that says 90 % is right 90 times of 100."""

import numpy as np
import pandas as pd

BINS = 10


def reliability(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """Return a row for each tenth of confidence that has images: a reliability diagram's points.

    *confidence* (n,) in the class that is favoured, and whether that is *right* (n,), give
    ``images``, their mean ``confidence`` and their ``accuracy``.
    """
    table = pd.DataFrame({"confidence": confidence, "accuracy": right})
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    grouped = table.groupby(bins)
    return grouped.mean().assign(images=grouped.size()).reset_index(drop=True)


def expected_calibration_error(points: pd.DataFrame) -> float:
    """Return how far confidence is from accuracy, on average over images (Guo et al., 2017).

    *points* are those of :func:`reliability`; the paper is https://arxiv.org/abs/1706.04599.
    """
    gaps = (points["confidence"] - points["accuracy"]).abs()
    return float(np.average(gaps, weights=points["images"]))
