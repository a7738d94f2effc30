"""The charts, each as Vega-Lite's description of it, drawn by Altair.

Each takes the width that the page gives it. Names of models and classes are values of the data and
never part of an expression, so none of them can break a chart.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

EVERY = "every model"
PERCENT = alt.Axis(format=".1%", labelOverlap=True)
# More models' names would lie on one another in a chart; the legend and the pointer tell them.
NAMED = 6
# Names of so few letters fit above a column.
SHORT = 3


def data_of(table: pd.DataFrame) -> alt.InlineData:
    """Return *table* as data of a chart; six digits are more than one sees."""
    rounded = table.apply(
        lambda column: (
            column.map("{:.6g}".format).astype(float) if column.dtype.kind == "f" else column
        )
    )
    return alt.InlineData(values=rounded.to_dict("records"))


def colour(models: Sequence[str]) -> alt.Color:
    """Return a model's colour, the same in every chart; the page has the legend."""
    return alt.Color("model:N", scale=alt.Scale(domain=list(models)), legend=None)


def choice(name: str, said: str, options: Sequence[str], first: str | None = None) -> alt.Parameter:
    """Return a parameter that is chosen from a list beside the chart."""
    bound = alt.binding_select(options=list(options), name=f"{said} ")
    return alt.param(name=name, value=first or options[0], bind=bound)


def intervals(table: pd.DataFrame) -> alt.Chart:
    """Return each model's accuracy with its interval over images and, where known, over seeds.

    *table* has ``model``, ``what``, ``accuracy``, ``low`` and ``high``.
    """
    models = list(dict.fromkeys(table["model"]))
    whats = list(dict.fromkeys(table["what"]))
    row = alt.Y("model:N", sort=models, title=None)
    # One below the other in a model's row.
    beside = alt.YOffset("what:N", sort=whats)
    base = alt.Chart(data_of(table)).encode(row, beside, color=colour(models))
    axis = alt.X("low:Q", scale=alt.Scale(zero=False), title="test accuracy", axis=PERCENT)
    tooltip = ["model:N", "what:N", *(f"{name}:Q" for name in ("accuracy", "low", "high"))]
    shape = alt.Shape("what:N", sort=whats, title=None, legend=alt.Legend(orient="top", columns=1))
    points = base.mark_point(filled=True, size=70).encode(
        alt.X("accuracy:Q"), shape=shape, tooltip=tooltip
    )
    ranges = base.mark_rule(strokeWidth=2).encode(axis, alt.X2("high:Q"), tooltip=tooltip)
    return _wide(alt.layer(ranges, points), height=max(90, 22 * len(models) * len(whats) + 30))


def curves(history: pd.DataFrame) -> alt.Chart:
    """Return accuracy or loss by epoch; *history* has the columns of metrics/history.csv."""
    models = list(dict.fromkeys(history["model"]))
    table = history.melt(["model", "images", "epoch"], ["accuracy", "loss"], "measure")
    measure = choice("measure", "Show", ["accuracy", "loss"])
    model = choice("shown", "of", [EVERY, *models])
    seen = (alt.datum.model == model) | (model == EVERY)
    chart = (
        alt.Chart(data_of(table))
        .transform_filter(alt.datum.measure == measure)
        .mark_line(point={"size": 25})
        .encode(
            alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="d", grid=False)),
            alt.Y("value:Q", scale=alt.Scale(zero=False), title=None),
            colour(models),
            strokeDash=alt.StrokeDash(
                "images:N",
                title=None,
                sort=["validation", "training"],
                legend=alt.Legend(orient="top", symbolType="stroke", symbolSize=300),
            ),
            opacity=alt.when(seen).then(alt.value(1)).otherwise(alt.value(0.12)),
            tooltip=["model:N", "images:N", "epoch:Q", alt.Tooltip("value:Q", format=".4f")],
        )
        .add_params(measure, model)
    )
    return _wide(chart, height=300)


def against_cost(table: pd.DataFrame, cost: str, title: str) -> alt.Chart:
    """Return accuracy against *cost*, with the models that none beats in both joined by a line.

    *table* has the columns of metrics/comparison.csv.
    """
    models = list(table["model"])
    ordered = table.sort_values([cost, "accuracy"], ascending=[True, False])
    best_so_far = ordered["accuracy"].cummax().shift(fill_value=-1)
    shown = table[["model", "accuracy", "accuracy_low", "accuracy_high", cost]].assign(
        front=table.index.isin(ordered.index[ordered["accuracy"] > best_so_far])
    )
    middle = np.sqrt(table[cost].min() * table[cost].max())
    shown["left"] = table[cost] <= middle
    base = alt.Chart(data_of(shown)).encode(
        alt.X(
            f"{cost}:Q",
            scale=alt.Scale(type="log", nice=False, padding=25),
            axis=alt.Axis(format="~s", labelOverlap=True),
            title=title,
        ),
        alt.Y("accuracy:Q", scale=alt.Scale(zero=False), axis=PERCENT, title="test accuracy"),
    )
    front = (
        base.transform_filter("datum.front")
        .mark_line(interpolate="step-after", strokeDash=[4, 3], style="aside")
        .encode(order=f"{cost}:Q")
    )
    tooltip = ["model:N", "accuracy:Q", f"{cost}:Q"]
    ranges = base.mark_rule().encode(
        alt.Y("accuracy_low:Q"), alt.Y2("accuracy_high:Q"), colour(models)
    )
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        colour(models), tooltip=tooltip
    )
    names = [
        base.transform_filter(alt.datum.left == left)
        .mark_text(align="left" if left else "right", dx=7 if left else -7, dy=-8, limit=120)
        .encode(text="model:N")
        for left in (True, False)
        if len(models) <= NAMED and left in set(shown["left"])
    ]
    return _wide(alt.layer(front, ranges, points, *names), height=260)


def confusion(counts: pd.DataFrame, classes: Sequence[str], model: str) -> alt.Chart:
    """Return one model's confusion matrix, chosen from all; *model* is shown first.

    *counts* has the columns of :func:`stages.report.confusion.confusions`. Only mistakes are
    coloured: beside what is right they would all be pale.
    """
    models = list(dict.fromkeys(counts["model"]))
    chosen = choice("model", "Model", models, model)
    shown = alt.Chart(data_of(counts)).transform_filter(alt.datum.model == chosen)
    tooltip = ["actual:N", "predicted:N", "images:Q", alt.Tooltip("share:Q", format=".2%")]
    filled = alt.Color("images:Q", legend=None, scale=alt.Scale(domain=[0, _most(counts)]))
    layers = _matrix(shown, classes, filled, alt.Text("images:Q"), tooltip)
    return _wide(alt.layer(*layers).add_params(chosen), height=60 + 26 * len(classes))


def difference(counts: pd.DataFrame, classes: Sequence[str], models: tuple[str, str]) -> alt.Chart:
    """Return how many more images one model has in each cell than another; *models* come first."""
    names = list(dict.fromkeys(counts["model"]))
    first = choice("first", "Model", names, models[0])
    second = choice("second", "minus", names, models[1])
    is_first, is_second = alt.datum.model == first, alt.datum.model == second
    signed = (is_first * alt.datum.images) - (is_second * alt.datum.images)
    shown = (
        alt.Chart(data_of(counts.drop(columns="share")))
        .transform_filter(is_first | is_second)
        .transform_calculate(signed=signed)
        .transform_aggregate(more="sum(signed)", groupby=["actual", "predicted"])
        .transform_filter("datum.more != 0")
    )
    # Through the page's own colour, not around the colour wheel.
    most = _most(counts)
    scale = alt.Scale(domain=[-most, most], domainMid=0, interpolate="rgb")
    filled = alt.Color("more:Q", legend=None, scale=scale)
    tooltip = ["actual:N", "predicted:N", alt.Tooltip("more:Q", format="+d")]
    layers = _matrix(shown, classes, filled, alt.Text("more:Q", format="+d"), tooltip)
    return _wide(alt.layer(*layers).add_params(first, second), height=60 + 26 * len(classes))


def per_class(table: pd.DataFrame, classes: Sequence[str]) -> alt.Chart:
    """Return recall, precision or F1 of *classes*; *table* has ``model`` and metrics/per_class/."""
    models = list(dict.fromkeys(table["model"]))
    measures = ["recall", "precision", "f1"]
    table = table[table["class"].isin(classes)]
    table = table.melt(["model", "class", "support"], measures, "measure")
    measure = choice("measure", "Show", measures)
    chart = (
        alt.Chart(data_of(table))
        .transform_filter(alt.datum.measure == measure)
        .mark_point(filled=True, size=60, opacity=0.9)
        .encode(
            alt.X("value:Q", scale=alt.Scale(zero=False), axis=PERCENT, title=None),
            alt.Y("class:N", sort=list(classes), axis=alt.Axis(grid=True), title=None),
            colour(models),
            tooltip=["model:N", "class:N", alt.Tooltip("value:Q", format=".2%"), "support:Q"],
        )
        .add_params(measure)
    )
    return _wide(chart, height=60 + 20 * len(classes))


def reliability(points: pd.DataFrame) -> alt.Chart:
    """Return accuracy by confidence; *points* has ``model`` and what calibration finds."""
    models = list(dict.fromkeys(points["model"]))
    unit = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", tickCount=5)
    base = alt.Chart(data_of(points)).encode(
        alt.X("confidence:Q", scale=unit, axis=axis, title="confidence"),
        alt.Y("accuracy:Q", scale=unit, axis=axis, title="right"),
        colour(models),
        tooltip=["model:N", "confidence:Q", "accuracy:Q", "images:Q"],
    )
    sizes = alt.Size("images:Q", scale=alt.Scale(type="log", range=[15, 250]), legend=None)
    ideal = alt.Chart(alt.InlineData(values=[{"x": 0}, {"x": 1}]))
    diagonal = ideal.mark_line(strokeDash=[4, 3], style="aside").encode(x="x:Q", y="x:Q")
    lines, dots = base.mark_line(strokeWidth=1.5), base.mark_point(filled=True, opacity=0.9)
    return _wide(alt.layer(diagonal, lines, dots.encode(sizes)), height=300)


def specification(chart: alt.TopLevelMixin, description: str) -> dict[str, Any]:
    """Return what a browser draws *chart* from; *description* is read out in its place."""
    found: dict[str, Any] = chart.properties(description=description).to_dict()
    # The page has the colours, and which version draws it.
    found.pop("config", None)
    found.pop("$schema", None)
    return found


def _matrix(
    shown: alt.Chart,
    classes: Sequence[str],
    filled: alt.Color,
    text: alt.Text,
    tooltip: Sequence[Any],
) -> list[alt.Chart]:
    """Return the layers of a matrix of classes: cells off the diagonal, and text in all."""
    names = list(classes)
    turned = 0 if max(map(len, names)) <= SHORT else -60
    scale = alt.Scale(domain=names)
    base = shown.encode(
        alt.X(
            "predicted:N",
            scale=scale,
            title="predicted",
            axis=alt.Axis(orient="top", labelAngle=turned),
        ),
        alt.Y("actual:N", scale=scale, title="actual"),
        tooltip=list(tooltip),
    )
    cells = base.transform_filter("datum.actual != datum.predicted").mark_rect().encode(filled)
    return [cells, base.mark_text(fontSize=10).encode(text)]


def _most(counts: pd.DataFrame) -> int:
    """Return how many images of one class are taken for one other, at most, and no less than 1."""
    wrong = counts.loc[counts["actual"] != counts["predicted"], "images"]
    return int(wrong.max()) if len(wrong) else 1


def _wide(chart: Any, height: int) -> Any:
    return chart.properties(width="container", height=height)
