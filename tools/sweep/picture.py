"""A picture of a search: parallel coordinates, drawn from Vega-Lite's description of them."""

from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from tools.sweep.search import Proposal

ACCURACY = "validation accuracy"


def parallel_coordinates(
    space: Mapping[str, BaseDistribution], tried: Sequence[Proposal]
) -> dict[str, Any]:
    """Return Vega-Lite's description of a line for each trial, through all that it tried.

    An upright axis for each setting, from the least value to the greatest, and one for the
    accuracy, which each has.
    """
    reached = [one.accuracy for one in tried if one.accuracy is not None]
    axes = {**space, ACCURACY: FloatDistribution(min(reached), max(reached))}
    lines = [
        {"axis": axis, "position": place, "accuracy": one.accuracy, "trial": number}
        for number, one in enumerate(tried)
        for axis, value in [*one.values.items(), (ACCURACY, one.accuracy)]
        for place in [position(axes[axis], value)]
    ]
    labels = [
        {"axis": axis, "position": place, "text": text}
        for axis, distribution in axes.items()
        for place, text in marks(distribution).items()
    ]
    colour = {"field": "accuracy", "type": "quantitative", "scale": {"scheme": "viridis"}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 170 * len(axes),
        "height": 320,
        "config": {"view": {"stroke": None}},
        "encoding": {
            "x": {
                "field": "axis",
                "type": "nominal",
                "sort": list(axes),
                "axis": {"title": None, "labelAngle": 0, "grid": True, "labelLimit": 165},
                "scale": {"type": "point"},
            },
            "y": {"field": "position", "type": "quantitative", "axis": None},
        },
        "layer": [
            {
                "data": {"values": lines},
                "mark": {"type": "line", "opacity": 0.7},
                "encoding": {"detail": {"field": "trial"}, "color": colour | {"title": "accuracy"}},
            },
            {
                "data": {"values": labels},
                "mark": {"type": "text", "align": "left", "dx": 4},
                "encoding": {"text": {"field": "text"}},
            },
        ],
    }


def position(distribution: BaseDistribution, value: Any) -> float:
    """Return where on its axis a *value* stands, from 0 for the least to 1 for the greatest."""
    if isinstance(distribution, CategoricalDistribution):
        ends = 0.0, len(distribution.choices) - 1.0
        number = float(distribution.choices.index(value))
    else:
        ends = distribution.low, distribution.high
        number = float(value)
        if distribution.log:
            number, ends = log(number), (log(ends[0]), log(ends[1]))
    low, high = ends
    return (number - low) / (high - low) if high > low else 0.5


def marks(distribution: BaseDistribution) -> dict[float, str]:
    """Return what is written beside an axis, and where: the ends and the middle, or all choices."""
    if isinstance(distribution, CategoricalDistribution):
        return {position(distribution, choice): choice for choice in distribution.choices}
    low, high = distribution.low, distribution.high
    middle = sqrt(low * high) if distribution.log else (low + high) / 2
    return {position(distribution, value): f"{value:.4g}" for value in (low, middle, high)}
