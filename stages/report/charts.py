"""The charts as Vega-Lite specifications, made with Altair.

Each fills the width that the page gives it. Names of models and classes are only values in the
data, never part of an expression, so no name can break a chart.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
EVERY = "every model"
PERCENT = alt.Axis(format=".1%", labelOverlap=True)
# With more models their names would overlap in a chart; the legend and the tooltips name them.
NAMED = 6
# Names of at most this many letters fit above a column.
SHORT = 3


def data_of(table: pd.DataFrame) -> alt.InlineData:
    """Return *table* as a chart's data; nobody sees more than six digits."""
    rows: list[Any] = table.round(6).to_dict("records")
    return alt.InlineData(values=rows)


def colour(table: pd.DataFrame) -> alt.Color:
    """Return the colours of the models, the same in every chart; the page has the legend."""
    return alt.Color("model:N", scale=alt.Scale(domain=list(table["model"].unique())), legend=None)


def choice(name: str, label: str, options: Iterable[str], first: str) -> alt.Parameter:
    """Return a parameter that the reader chooses from a list beside the chart."""
    bound = alt.binding_select(options=list(options), name=f"{label} ")
    return alt.param(name=name, value=first, bind=bound)


def intervals(table: pd.DataFrame) -> Chart:
    """Return each model's accuracy with its interval over images and, if known, over seeds.

    *table* has ``model``, ``what``, ``accuracy``, ``low`` and ``high``.
    """
    models, whats = list(table["model"].unique()), list(table["what"].unique())
    # Within a model's row, one below the other.
    base = alt.Chart(data_of(table)).encode(
        alt.Y("model:N", sort=models, title=None),
        alt.YOffset("what:N", sort=whats),
        colour(table),
        tooltip=["model:N", "what:N", "accuracy:Q", "low:Q", "high:Q"],
    )
    axis = alt.X("low:Q", scale=alt.Scale(zero=False), title="test accuracy", axis=PERCENT)
    ranges = base.mark_rule(strokeWidth=2).encode(axis, alt.X2("high:Q"))
    legend = alt.Legend(orient="top", columns=1)
    shape = alt.Shape("what:N", sort=whats, title=None, legend=legend)
    points = base.mark_point(filled=True, size=70).encode(alt.X("accuracy:Q"), shape)
    height = max(90, 22 * len(models) * len(whats) + 30)
    return alt.layer(ranges, points).properties(height=height)


def curves(history: pd.DataFrame) -> Chart:
    """Return accuracy or loss by epoch; *history* has the columns of metrics/history.csv."""
    table = history.melt(["model", "images", "epoch"], ["accuracy", "loss"], "measure")
    measure = choice("measure", "Show", ["accuracy", "loss"], "accuracy")
    model = choice("shown", "of", [EVERY, *history["model"].unique()], EVERY)
    seen = (alt.datum.model == model) | (model == EVERY)
    dashed = alt.Legend(orient="top", symbolType="stroke", symbolSize=300)
    return (
        alt.Chart(data_of(table))
        .transform_filter(alt.datum.measure == measure)
        .mark_line(point={"size": 25})
        .encode(
            alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="d", grid=False)),
            alt.Y("value:Q", scale=alt.Scale(zero=False), title=None),
            colour(history),
            alt.StrokeDash("images:N", title=None, sort=["validation", "training"], legend=dashed),
            opacity=alt.when(seen).then(alt.value(1)).otherwise(alt.value(0.12)),
            tooltip=["model:N", "images:N", "epoch:Q", alt.Tooltip("value:Q", format=".4f")],
        )
        .add_params(measure, model)
        .properties(height=300)
    )


def against_cost(table: pd.DataFrame, cost: str, title: str) -> Chart:
    """Return accuracy against *cost*; a line joins the models that no other beats in both.

    *table* has the columns of metrics/comparison.csv.
    """
    columns = ["model", "accuracy", "accuracy_low", "accuracy_high", cost]
    shown = table.sort_values([cost, "accuracy"], ascending=[True, False])[columns]
    shown["front"] = shown["accuracy"] > shown["accuracy"].cummax().shift(fill_value=-1)
    # A name is on the side with more room.
    right = shown[cost] > np.sqrt(shown[cost].min() * shown[cost].max())
    shown["side"] = np.where(right, -1, 1)
    scale = alt.Scale(type="log", nice=False, padding=25)
    axis = alt.Axis(format="~s", labelOverlap=True)
    base = alt.Chart(data_of(shown)).encode(
        alt.X(f"{cost}:Q", scale=scale, axis=axis, title=title),
        alt.Y("accuracy:Q", scale=alt.Scale(zero=False), axis=PERCENT, title="test accuracy"),
    )
    front = base.transform_filter("datum.front").encode(order=f"{cost}:Q")
    front = front.mark_line(interpolate="step-after", strokeDash=[4, 3], style="aside")
    low, high = alt.Y("accuracy_low:Q"), alt.Y2("accuracy_high:Q")
    ranges = base.mark_rule().encode(low, high, colour(table))
    tooltip = ["model:N", "accuracy:Q", f"{cost}:Q"]
    points = base.mark_point(filled=True, size=80, opacity=1)
    layers = [front, ranges, points.encode(colour(table), tooltip=tooltip)]
    if len(table) <= NAMED:
        align, dx = alt.expr("datum.side > 0 ? 'left' : 'right'"), alt.expr("7 * datum.side")
        names = base.mark_text(align=align, dx=dx, dy=-8, limit=120)
        layers.append(names.encode(text="model:N"))
    return alt.layer(*layers).properties(height=260)


def confusion(counts: pd.DataFrame, classes: Sequence[str], model: str) -> Chart:
    """Return the confusion matrix of one model, which the reader chooses; *model* comes first.

    *counts* has the columns of :func:`stages.report.predictions.confusions`. Only mistakes are
    coloured: beside the right predictions they would all be pale.
    """
    chosen = choice("model", "Model", counts["model"].unique(), model)
    shown = alt.Chart(data_of(counts)).transform_filter(alt.datum.model == chosen)
    share = alt.Tooltip("share:Q", format=".2%")
    return _matrix(shown, counts, classes, "images", share).add_params(chosen)


def difference(counts: pd.DataFrame, classes: Sequence[str], models: tuple[str, str]) -> Chart:
    """Return the difference of two models' confusion matrices; *models* are shown first."""
    names = list(counts["model"].unique())
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
    return _matrix(shown, counts, classes, "more").add_params(first, second)


def per_class(table: pd.DataFrame, classes: Sequence[str]) -> Chart:
    """Return recall, precision or F1 of *classes*; *table* is metrics/per_class/ with ``model``."""
    measures = ["recall", "precision", "f1"]
    shown = table[table["class"].isin(classes)]
    shown = shown.melt(["model", "class", "support"], measures, "measure")
    measure = choice("measure", "Show", measures, "recall")
    return (
        alt.Chart(data_of(shown))
        .transform_filter(alt.datum.measure == measure)
        .mark_point(filled=True, size=60, opacity=0.9)
        .encode(
            alt.X("value:Q", scale=alt.Scale(zero=False), axis=PERCENT, title=None),
            alt.Y("class:N", sort=list(classes), axis=alt.Axis(grid=True), title=None),
            colour(table),
            tooltip=["model:N", "class:N", alt.Tooltip("value:Q", format=".2%"), "support:Q"],
        )
        .add_params(measure)
        .properties(height=60 + 20 * len(classes))
    )


def reliability(points: pd.DataFrame) -> Chart:
    """Return accuracy by confidence; *points* has ``model`` and those of its points."""
    unit = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", tickCount=5)
    base = alt.Chart(data_of(points)).encode(
        alt.X("confidence:Q", scale=unit, axis=axis, title="confidence"),
        alt.Y("accuracy:Q", scale=unit, axis=axis, title="accuracy"),
        colour(points),
        tooltip=["model:N", "confidence:Q", "accuracy:Q", "images:Q"],
    )
    sizes = alt.Size("images:Q", scale=alt.Scale(type="log", range=[15, 250]), legend=None)
    ideal = alt.Chart(alt.InlineData(values=[{"x": 0}, {"x": 1}]))
    diagonal = ideal.mark_line(strokeDash=[4, 3], style="aside").encode(x="x:Q", y="x:Q")
    lines, dots = base.mark_line(strokeWidth=1.5), base.mark_point(filled=True, opacity=0.9)
    return alt.layer(diagonal, lines, dots.encode(sizes)).properties(height=300)


def _matrix(
    shown: alt.Chart, counts: pd.DataFrame, classes: Sequence[str], number: str, *more: alt.Tooltip
) -> Chart:
    """Return a matrix of *classes*: a *number* in each cell, and colour off the diagonal.

    *number* is its column: ``images``, or ``more``, which has a sign. The strongest colour is for
    the largest mistake in *counts*.
    """
    names = list(classes)
    wrong = counts.loc[counts["actual"] != counts["predicted"], "images"]
    most = int(wrong.max()) if len(wrong) else 1
    scale, form = alt.Scale(domain=[0, most]), "d"
    if number == "more":
        # Blend through the page's colour, not around the colour wheel.
        scale, form = alt.Scale(domain=[-most, most], domainMid=0, interpolate="rgb"), "+d"
    turned = 0 if max(map(len, names)) <= SHORT else -60
    axis = alt.Axis(orient="top", labelAngle=turned)
    base = shown.encode(
        alt.X("predicted:N", scale=alt.Scale(domain=names), title="predicted", axis=axis),
        alt.Y("actual:N", scale=alt.Scale(domain=names), title="actual"),
        tooltip=["actual:N", "predicted:N", alt.Tooltip(f"{number}:Q", format=form), *more],
    )
    cells = base.transform_filter("datum.actual != datum.predicted").mark_rect()
    cells = cells.encode(alt.Color(f"{number}:Q", legend=None, scale=scale))
    text = base.mark_text(fontSize=10).encode(alt.Text(f"{number}:Q", format=form))
    return alt.layer(cells, text).properties(height=60 + 26 * len(names))
