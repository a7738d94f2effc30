"""A sweep's results: experiments in Git, a table; of a search, a picture and the best settings."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution

from tools.sweep.driver import Trial
from tools.sweep.search import Search
from tools.sweep.work import run

# A sweep's own notes, beside DVC's temporary files, which Git ignores.
STATE = Path(".dvc/tmp/sweep")
TRIALS = "trials.csv"
MEAN, ACCURACY = "validation", "validation accuracy"
# DVC's line on which command failed, after the command's own line on why.
OF_DVC = "ERROR: failed to reproduce"


def revisions(git: str | None = None) -> dict[str, str]:
    """Return the reference of every experiment by its name, here or in the repository *git*."""
    listed = run(["git", "ls-remote", git or ".", "refs/exps/*"]).splitlines()
    found = [line.split("\t")[1] for line in listed]
    # DVC's own references, for what it is running.
    passing = "refs/exps/exec/"
    return {one.rsplit("/", 1)[-1]: one for one in found if not one.startswith(passing)}


def accuracies(revision: str, models: Sequence[str]) -> dict[str, float]:
    """Return the accuracies of the experiment at Git's *revision*, by column."""
    found = {}
    for model in models:
        trained = run(["git", "show", f"{revision}:./metrics/train/{model}.json"])
        evaluated = run(["git", "show", f"{revision}:./metrics/evaluate/{model}.json"])
        found[f"{model} validation"] = json.loads(trained)["val_accuracy"]
        found[f"{model} test"] = json.loads(evaluated)["accuracy"]
    return {MEAN: mean(found[f"{model} validation"] for model in models), **found}


def table(trials: Iterable[Trial]) -> pd.DataFrame:
    """Return a row for each trial: its name, the settings that differ, each model's accuracies.

    For a trial that failed, the column "note" has its last line that is not DVC's own.
    """
    rows: list[dict[str, Any]] = []
    settings: dict[str, None] = {}
    models: dict[str, None] = {}
    kept = revisions()
    for trial in trials:
        # "~models.model2" removes a key, and sets nothing.
        given = dict(word.split("=", 1) for word in trial.overrides if "=" in word)
        settings |= dict.fromkeys(given)
        models |= dict.fromkeys(trial.models)
        row: dict[str, Any] = {"experiment": trial.name, "note": "", **given}
        if trial.lines:
            lines = [line for line in trial.lines if not line.startswith(OF_DVC)]
            row["note"] = (lines or trial.lines)[-1]
        elif trial.name in kept:
            row |= accuracies(kept[trial.name], trial.models)
        else:
            row["note"] = "removed since"
        rows.append(row)
    columns = [f"{model} {images}" for model in models for images in ("validation", "test")]
    made = pd.DataFrame(rows, columns=["experiment", *settings, MEAN, *columns, "note"])
    return made.drop(columns=[key for key in settings if made[key].nunique(dropna=False) == 1])


def write(folder: Path, trials: Iterable[Trial], search: Search | None) -> None:
    """Print the table of all *trials* and, for a search, its best settings.

    The table is also written to *folder*, and for a search a picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = table(trials)
    if search:
        made = made.sort_values(MEAN, ascending=False, kind="stable")
    made.to_csv(folder / TRIALS, index=False, lineterminator="\n")
    shortened = made.assign(note=made["note"].str.slice(0, 80))
    print(shortened.to_string(index=False, float_format="%.4f", na_rep="-"))
    print(f"\nThe table: {folder / TRIALS}")
    tried = [one for one in search.finished() if one.accuracy is not None] if search else []
    if search and tried:
        parallel_coordinates(search.space, tried).save(folder / "search.svg")
        print(f"The picture: {folder / 'search.svg'}")
        best = max(tried, key=lambda one: one.accuracy or 0)
        print(f"The best on validation images, {best.accuracy:.4f} on average:")
        settings = [word for one in best.overrides for word in ("-S", one)]
        print(f"  {shlex.join(['dvc', 'exp', 'run', *settings])}")


def parallel_coordinates(
    space: Mapping[str, BaseDistribution], tried: Sequence[Trial]
) -> alt.LayerChart:
    """Return a chart with a line for each trial, through its settings to its accuracy.

    It has a vertical axis for each setting, from the smallest value that was tried to the largest,
    and one for the accuracy. Each trial needs an accuracy.
    """
    values = pd.DataFrame([{**one.values, ACCURACY: one.accuracy} for one in tried])
    places = values.copy()
    for key, distribution in space.items():
        if isinstance(distribution, CategoricalDistribution):
            places[key] = values[key].map(distribution.choices.index)
        elif distribution.log:
            places[key] = np.log(values[key])
    places = ((places - places.min()) / (places.max() - places.min())).fillna(0.5)
    points = places.assign(accuracy=values[ACCURACY], trial=places.index)
    points = points.melt(["accuracy", "trial"], var_name="axis", value_name="position")
    told = values.melt()["value"]
    is_choice = told.map(lambda value: isinstance(value, str))
    points["text"] = told.where(is_choice, told[~is_choice].map("{:.4g}".format))
    # Of numbers, the ends are enough.
    labels = points[is_choice | points["position"].isin([0, 0.5, 1])]
    x = alt.X("axis:N", sort=[*space, ACCURACY], scale=alt.Scale(type="point")).axis(
        title=None, labelAngle=0, labelLimit=165, grid=True
    )
    y = alt.Y("position:Q").axis(None)
    colour = alt.Color("accuracy:Q", scale=alt.Scale(scheme="viridis"))
    drawn = alt.Chart(points).mark_line(opacity=0.7)
    written = alt.Chart(labels.drop_duplicates(["axis", "text"])).mark_text(align="left", dx=4)
    chart = alt.layer(
        drawn.encode(x, y, colour, detail="trial:N"), written.encode(x, y, text="text")
    )
    return chart.properties(width=170 * len(values.columns), height=320).configure_view(stroke=None)
