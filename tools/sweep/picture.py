"""A picture of a search: parallel coordinates."""

from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Any

import altair as alt
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from tools.sweep.search import Proposal

ACCURACY = "validation accuracy"


def parallel_coordinates(
    space: Mapping[str, BaseDistribution], tried: Sequence[Proposal]
) -> alt.LayerChart:
    """Return a chart with a line for each trial, through its settings to its accuracy.

    It has a vertical axis for each setting, from the smallest value to the largest, and one for the
    accuracy. Each trial needs an accuracy.
    """
    reached = [one.accuracy for one in tried if one.accuracy is not None]
    axes = {**space, ACCURACY: FloatDistribution(min(reached), max(reached))}
    lines = [
        (axis, position(axes[axis], value), one.accuracy, number)
        for number, one in enumerate(tried)
        for axis, value in {**one.values, ACCURACY: one.accuracy}.items()
    ]
    labels = [
        {"axis": axis, "position": place, "text": text}
        for axis, distribution in axes.items()
        for place, text in marks(distribution).items()
    ]
    x = alt.X("axis:N", sort=list(axes), scale=alt.Scale(type="point")).axis(
        title=None, labelAngle=0, labelLimit=165, grid=True
    )
    y = alt.Y("position:Q").axis(None)
    colour = alt.Color("accuracy:Q", scale=alt.Scale(scheme="viridis"))
    points = pd.DataFrame(lines, columns=["axis", "position", "accuracy", "trial"])
    drawn = alt.Chart(points).mark_line(opacity=0.7)
    written = alt.Chart(pd.DataFrame(labels)).mark_text(align="left", dx=4)
    chart = alt.layer(
        drawn.encode(x, y, colour, detail="trial:N"), written.encode(x, y, text="text")
    )
    return chart.properties(width=170 * len(axes), height=320).configure_view(stroke=None)


def position(distribution: BaseDistribution, value: Any) -> float:
    """Return the place of a *value* on its axis, from 0 for the smallest to 1 for the largest."""
    if isinstance(distribution, CategoricalDistribution):
        number, low, high = distribution.choices.index(value), 0.0, len(distribution.choices) - 1.0
    else:
        number, low, high = value, distribution.low, distribution.high
        if distribution.log:
            number, low, high = log(number), log(low), log(high)
    return (number - low) / (high - low) if high > low else 0.5


def marks(distribution: BaseDistribution) -> dict[float, str]:
    """Return the labels of an axis by their place: the ends and the middle, or all choices."""
    if isinstance(distribution, CategoricalDistribution):
        return {position(distribution, choice): choice for choice in distribution.choices}
    low, high = distribution.low, distribution.high
    middle = sqrt(low * high) if distribution.log else (low + high) / 2
    return {position(distribution, value): f"{value:.4g}" for value in (low, middle, high)}
