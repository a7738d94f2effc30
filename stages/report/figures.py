"""The charts with their text: how to read each, what it shows, and its numbers as a file."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from stages.report import charts
from stages.report.predictions import (
    confusions,
    expected_calibration_error,
    most_confused,
    reliability,
)
from stages.report.results import Results

# If there are more items than this, the text below a chart has only the first and the last.
LISTED = 4
# By name: `title`; `reading`, how to read it; `summary`, what it shows, for readers who cannot see
# it; `chart`; `numbers`, its table as a data URI.
Figure = dict[str, Any]


def figure(
    title: str, reading: str, items: Iterable[str], chart: charts.Chart, numbers: pd.DataFrame
) -> Figure:
    """Return a figure; its summary lists *items*, only two if there are many."""
    listed = list(items)
    if len(listed) > LISTED:
        listed = [listed[0], "…", listed[-1]]
    text = f"{'; '.join(listed) or 'Nothing to report'}."
    drawn = chart.properties(description=f"{title}: {text}", width="container").to_dict()
    # The page sets the colours and the version of Vega-Lite.
    del drawn["config"], drawn["$schema"]
    csv = base64.b64encode(numbers.to_csv(index=False).encode()).decode()
    data = f"data:text/csv;base64,{csv}"
    return {"title": title, "reading": reading, "summary": text, "chart": drawn, "numbers": data}


def percent(share: Any) -> str:
    """Return a *share* of 1 as a percentage."""
    return f"{100 * share:.2f} %"


def plain(number: Any) -> str:
    """Return a *number*, with one decimal if it is small."""
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"  # noqa: PLR2004


def accuracies(results: Results) -> Figure:
    """Return accuracies with their intervals over images and, if there are any, over seeds."""
    table = results.table.rename(columns={"accuracy_low": "low", "accuracy_high": "high"})
    parts = [table.assign(what="95 % interval over images")]
    if results.replicates:
        seeds = results.replicates["models"]
        seeds = seeds[seeds["model"].isin(table["model"])]
        mean, deviation = seeds["accuracy_mean"], seeds["accuracy_deviation"]
        over = seeds.assign(accuracy=mean, low=mean - deviation, high=mean + deviation)
        parts.append(over.assign(what="mean ± deviation over seeds"))
    numbers = pd.concat(parts)[["model", "what", "accuracy", "low", "high"]]
    ranked = table.sort_values("accuracy", ascending=False, kind="stable")
    return figure(
        "Accuracy, and how certain it is",
        "The point is the accuracy; the line is its likely range.",
        (f"{row.model} {percent(row.accuracy)}" for row in ranked.itertuples()),
        charts.intervals(numbers),
        numbers,
    )


def curves(results: Results) -> Figure:
    """Return accuracy and loss by epoch."""
    history = results.history
    last = history[history["images"] == "validation"].groupby("model", sort=False).last()
    ends = last["accuracy"].map(percent)
    return figure(
        "Epoch by epoch",
        "Solid lines: validation images. Dashed lines: training images.",
        (f"{model} ends at {share} on validation images" for model, share in ends.items()),
        charts.curves(history),
        history,
    )


def costs(results: Results) -> Iterator[Figure]:
    """Yield accuracy against training time, and against size."""
    for column, label, unit, axis in (
        ("train_seconds", "training time", "s", "training time, s"),
        ("parameters", "number of parameters", "parameters", "number of parameters"),
    ):
        ranked = results.table.sort_values(column, kind="stable")
        rows = ranked[["model", column, "accuracy", "accuracy_low", "accuracy_high"]]
        yield figure(
            f"Accuracy against {label}",
            "Up and left is better. The dashed line joins the models that no other beats in both.",
            (
                f"{model} {percent(accuracy)} with {plain(cost)} {unit}"
                for _, model, cost, accuracy, *_ in rows.itertuples()
            ),
            charts.against_cost(results.table, column, axis),
            rows,
        )


def classes(results: Results) -> dict[str, Figure]:
    """Return the confusion matrix, the difference of two, and precision and recall by class."""
    counts = confusions(results.predicted, results.actual, results.classes)
    names = most_confused(counts, results.classes)
    only = ""
    if len(names) < len(results.classes):
        only = f" Shown: the {len(names)} of {len(results.classes)} classes with the most mistakes."
    shown = counts[counts["actual"].isin(names) & counts["predicted"].isin(names)]
    wrong = shown[shown["actual"] != shown["predicted"]]
    most = wrong.sort_values("images", ascending=False, kind="stable").groupby("model", sort=False)
    ranked = list(results.table.sort_values("accuracy", ascending=False, kind="stable")["model"])
    found = {
        "confusion": figure(
            "Confusion matrix",
            f"Rows are the actual class, columns the prediction; mistakes are coloured.{only}",
            (
                f"{row.model} most often mistakes {row.actual} for {row.predicted} "
                f"({row.images} times)"
                for row in most.head(1).itertuples()
            ),
            charts.confusion(shown, names, ranked[0]),
            shown,
        )
    }
    if len(ranked) > 1:
        first, second = ranked[:2]
        found["difference"] = figure(
            "Where two models differ",
            "How many more images the first model has in a cell than the second: orange where it "
            f"makes this mistake more often, blue where less often.{only}",
            largest_differences(wrong, first, second),
            charts.difference(shown, names, (first, second)),
            shown,
        )
    tables = [table.assign(model=name) for name, table in results.per_class.items()]
    table = pd.concat(tables)[["model", "class", "precision", "recall", "f1", "support"]]
    # A class without test images has no recall.
    table = table[table["support"] > 0]
    least = table.sort_values("recall", kind="stable").groupby("model", sort=False).head(1)
    found["classes"] = figure(
        "Class by class",
        "Recall: the share of a class's images that the model finds. Precision: the share of its "
        f"predictions of a class that are right.{only}",
        (
            f"{row[1]} has its lowest recall on {row[2]}, {percent(row[4])}"
            for row in least.itertuples()
        ),
        charts.per_class(table, names),
        table,
    )
    return found


def largest_differences(wrong: pd.DataFrame, first: str, second: str) -> list[str]:
    """Return the mistakes whose numbers differ most between two models."""
    cells = wrong.pivot_table("images", ["actual", "predicted"], "model", fill_value=0)
    cells = cells.reindex(columns=[first, second], fill_value=0)
    more = (cells[first] - cells[second]).sort_values(key=abs, ascending=False, kind="stable")
    return [
        f"{first} mistakes {row['actual']} for {row['predicted']} "
        f"{'more' if row['more'] > 0 else 'less'} often than {second} ({row['more']:+.0f})"
        for row in more[more != 0][:LISTED].reset_index(name="more").to_dict("records")
    ]


def calibration(results: Results) -> Figure:
    """Return how often the models are right, by their confidence."""
    by_model = {
        name: reliability(results.confidence[name], predicted == results.actual)
        for name, predicted in results.predicted.items()
    }
    numbers = pd.concat([points.assign(model=name) for name, points in by_model.items()])
    numbers = numbers[["model", "confidence", "accuracy", "images"]]
    return figure(
        "When a model is 90 % confident, is it right 90 % of the time?",
        "Below the dashed line it is too confident. A larger point stands for more images.",
        (
            f"{name}: expected calibration error {percent(expected_calibration_error(points))}"
            for name, points in by_model.items()
        ),
        charts.reliability(numbers),
        numbers,
    )
