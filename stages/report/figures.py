"""Each chart with its words: how to read it, what it says, and its numbers to take away."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pandas as pd

from stages.report import charts
from stages.report.calibration import expected_calibration_error, reliability
from stages.report.confusion import confusions, most_confused
from stages.report.results import Results

# Of more models than this, the text beside a chart tells of the first and the last.
TOLD = 4


class Figure(NamedTuple):
    """A chart for the page.

    *reading* says how to read it, *telling* what it shows, to one who does not see it. *numbers*
    are a table as a file within the page.
    """

    title: str
    reading: str
    telling: str
    chart: dict[str, Any]
    numbers: str


def figure(
    title: str,
    reading: str,
    telling: Iterable[str],
    chart: charts.Chart,
    numbers: pd.DataFrame,
) -> Figure:
    """Return a figure; of what is *telling* of each model, not too much is told."""
    told = list(telling)
    if len(told) > TOLD:
        told = [told[0], "…", told[-1]]
    text = f"{'; '.join(told) or 'Nothing to tell'}."
    drawn = chart.properties(description=f"{title}: {text}", width="container").to_dict()
    csv = base64.b64encode(numbers.to_csv(index=False).encode()).decode()
    return Figure(
        title,
        reading,
        text,
        # The page has the colours, and which version draws it.
        {key: value for key, value in drawn.items() if key not in {"config", "$schema"}},
        f"data:text/csv;base64,{csv}",
    )


def percent(share: Any) -> str:
    """Return a *share* of 1 as people read it."""
    return f"{100 * share:.2f} %"


def plain(number: Any) -> str:
    """Return a *number* with a tenth where it is small."""
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"  # noqa: PLR2004


def accuracies(results: Results) -> Figure:
    """Return accuracies with their intervals over images and, where there are any, over seeds."""
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
        "Accuracy, and how sure it is",
        "The point is the accuracy; the line is where it may well be.",
        (f"{row.model} {percent(row.accuracy)}" for row in ranked.itertuples()),
        charts.intervals(numbers),
        numbers,
    )


def curves(results: Results) -> Figure:
    """Return accuracy and loss by epoch."""
    history = results.history
    last = history[history["images"] == "validation"].groupby("model", sort=False).last()
    return figure(
        "Epoch by epoch",
        "Solid lines are of the validation images, dashed ones of the training images.",
        (f"{row.Index} ends at {percent(row.accuracy)} in validation" for row in last.itertuples()),
        charts.curves(history),
        history,
    )


def costs(results: Results) -> Iterator[Figure]:
    """Yield accuracy against training time, and against size."""
    for column, said, unit in (
        ("train_seconds", "training time", "s"),
        ("parameters", "number of parameters", "parameters"),
    ):
        ranked = results.table.sort_values(column, kind="stable")
        rows = ranked[["model", column, "accuracy", "accuracy_low", "accuracy_high"]]
        yield figure(
            f"Accuracy against {said}",
            "Up and left is better. The dashed line joins the models that none beats in these two.",
            (
                f"{model} {percent(accuracy)} with {plain(cost)} {unit}"
                for _, model, cost, accuracy, *_ in rows.itertuples()
            ),
            charts.against_cost(results.table, column, f"{said}, {unit}" if unit == "s" else said),
            rows,
        )


def classes(results: Results) -> dict[str, Figure]:
    """Return the confusion matrix, the difference of two, and precision and recall by class."""
    counts = confusions(results.predicted, results.actual, results.classes)
    names = most_confused(counts, results.classes)
    only = ""
    if len(names) < len(results.classes):
        only = f" Shown are the {len(names)} of {len(results.classes)} classes with most mistakes."
    shown = counts[counts["actual"].isin(names) & counts["predicted"].isin(names)]
    wrong = shown[shown["actual"] != shown["predicted"]]
    most = wrong.sort_values("images", ascending=False, kind="stable").groupby("model", sort=False)
    ranked = list(results.table.sort_values("accuracy", ascending=False, kind="stable")["model"])
    found = {
        "confusion": figure(
            "What is taken for what",
            f"Rows are what an image is, columns what the model says; mistakes are coloured.{only}",
            (
                f"{row.model} takes {row.actual} for {row.predicted} most often, {row.images} times"
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
            f"is more often wrong in this way, blue where less often.{only}",
            largest_differences(wrong, first, second),
            charts.difference(shown, names, (first, second)),
            shown,
        )
    tables = [table.assign(model=name) for name, table in results.per_class.items()]
    table = pd.concat(tables)[["model", "class", "precision", "recall", "f1", "support"]]
    # Of a class without a test image there is nothing to find.
    table = table[table["support"] > 0]
    least = table.sort_values("recall", kind="stable").groupby("model", sort=False).head(1)
    found["classes"] = figure(
        "Class by class",
        "Recall: how many of the images of a class are found. Precision: how many of those that "
        f"are said to be of a class are.{only}",
        (f"{row[1]} finds {row[2]} least, {percent(row[4])} of them" for row in least.itertuples()),
        charts.per_class(table, names),
        table,
    )
    return found


def largest_differences(wrong: pd.DataFrame, first: str, second: str) -> list[str]:
    """Return what two models take for one another most differently, from their mistakes."""
    cells = wrong.pivot_table("images", ["actual", "predicted"], "model", fill_value=0)
    cells = cells.reindex(columns=[first, second], fill_value=0)
    more = (cells[first] - cells[second]).sort_values(key=abs, ascending=False, kind="stable")
    return [
        f"{first} takes {row['actual']} for {row['predicted']} {abs(row['more']):.0f} times "
        f"{'more' if row['more'] > 0 else 'less'} than {second}"
        for row in more[more != 0][:TOLD].reset_index(name="more").to_dict("records")
    ]


def calibration(results: Results) -> Figure:
    """Return how often the models are right, by how sure they are."""
    by_model = {
        name: reliability(results.confidence[name], predicted == results.actual)
        for name, predicted in results.predicted.items()
    }
    numbers = pd.concat([points.assign(model=name) for name, points in by_model.items()])
    numbers = numbers[["model", "confidence", "accuracy", "images"]]
    return figure(
        "Of 100 images that a model is 90 % sure of, is it right on 90?",
        "Below the dashed line it is surer than it should be. A larger point is of more images.",
        (
            f"{name}: expected calibration error {percent(expected_calibration_error(points))}"
            for name, points in by_model.items()
        ),
        charts.reliability(numbers),
        numbers,
    )
