"""What came of a sweep: experiments in the user's repository, and a table of them."""

import json
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from math import log, sqrt
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from tools.sweep.driver import Trial
from tools.sweep.search import Search, Told

MEAN = "validation"
# Says which command failed, after the command itself has said why.
OF_DVC = "ERROR: failed to reproduce"
EXPERIMENTS = "refs/exps"
# DVC's own, of what it runs at the moment.
PASSING = "refs/exps/exec/"


def revisions(git: str | None = None) -> dict[str, str]:
    """Return the reference of every experiment by its name, here or in the repository *git*."""
    listed = output("git", "ls-remote", git or ".", f"{EXPERIMENTS}/*").splitlines()
    found = [line.split("\t")[1] for line in listed]
    return {
        reference.rsplit("/", maxsplit=1)[-1]: reference
        for reference in found
        if not reference.startswith(PASSING)
    }


def bring(name: str, git: str | None) -> None:
    """Get the experiment *name* from the repository *git*, if it is not this one."""
    if git and name not in revisions():
        reference = revisions(git)[name]
        output("git", "fetch", "--quiet", "--no-tags", git, f"{reference}:{reference}")


def output(*command: str) -> str:
    """Return what a command prints; it must succeed."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def shown(revision: str, paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return the content of JSON files as Git's *revision* has them; of none, nothing."""
    asked = "".join(f"{revision}:{path}\n" for path in paths).encode()
    reading = ["git", "cat-file", "--batch"]
    stream = BytesIO(subprocess.run(reading, input=asked, capture_output=True, check=True).stdout)
    found = []
    while header := stream.readline():
        # "<hash> blob <size>", or "<what was asked for> missing".
        size = header.rsplit(maxsplit=1)[1]
        found.append({} if size == b"missing" else json.loads(stream.read(int(size) + 1)))
    return found


def validation_accuracy(name: str, models: Iterable[str]) -> float:
    """Return the mean validation accuracy of *models* in the experiment *name*."""
    found = shown(revisions()[name], [f"metrics/train/{model}.json" for model in models])
    return mean(numbers["val_accuracy"] for numbers in found if numbers)


def table(trials: Iterable[Trial], models: Sequence[str], best_first: bool = False) -> pd.DataFrame:
    """Return a row for each trial: its name, the settings that differ, each model's accuracies.

    A trial that failed has its last line but DVC's own in the column "note".
    """
    rows: list[dict[str, Any]] = []
    settings: dict[str, None] = {}
    kept = revisions()
    for trial in trials:
        given = dict(word.split("=", 1) for word in trial.overrides)
        settings |= dict.fromkeys(given)
        row: dict[str, Any] = {"experiment": trial.name, "note": "", **given}
        if trial.failed and trial.outcome:
            said = [line for line in trial.outcome.lines if not line.startswith(OF_DVC)]
            row["note"] = (said or trial.outcome.lines)[-1]
        elif trial.name in kept:
            row |= accuracies(kept[trial.name], models)
        else:
            row["note"] = "removed since"
        rows.append(row)
    columns = [*settings, MEAN]
    columns += [f"{model} {images}" for model in models for images in ("validation", "test")]
    made = pd.DataFrame(rows, columns=["experiment", *columns, "note"])
    same = [key for key in settings if made[key].nunique(dropna=False) == 1 and len(made) > 1]
    made = made.drop(columns=[*same, *([MEAN] if len(models) == 1 else [])])
    if best_first:
        by = MEAN if len(models) > 1 else f"{models[0]} validation"
        made = made.sort_values(by, ascending=False, kind="stable", ignore_index=True)
    return made


def accuracies(revision: str, models: Sequence[str]) -> dict[str, float]:
    """Return the columns of accuracies of the experiment that is Git's *revision*."""
    paths = [f"metrics/{stage}/{model}.json" for model in models for stage in ("train", "evaluate")]
    found = shown(revision, paths)
    row = {}
    for model, train, evaluated in zip(models, found[::2], found[1::2], strict=True):
        if train and evaluated:
            row[f"{model} validation"] = train["val_accuracy"]
            row[f"{model} test"] = evaluated["accuracy"]
    row[MEAN] = mean(value for column, value in row.items() if column.endswith(" validation"))
    return row


def write(
    folder: Path, trials: Iterable[Trial], models: Sequence[str], search: Search | None
) -> None:
    """Print the table of all *trials*, and of a search its best settings; keep it in *folder*.

    Of a search a picture as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = table(trials, models, best_first=search is not None)
    made.to_csv(folder / "trials.csv", index=False, lineterminator="\n")
    shortened = made.assign(note=made["note"].str.slice(0, 80))
    print(shortened.to_string(index=False, float_format="%.4f", na_rep="-"))
    print(f"\nThe table: {folder / 'trials.csv'}")
    told = [one for one in search.told() if one.accuracy is not None] if search else []
    if search and told:
        picture(folder / "search.svg", search.space, told)
        best = max(told, key=lambda one: one.accuracy or 0)
        print(f"The best on validation images, {best.accuracy:.4f} on average:")
        print(f"  {command(best.overrides)}")


def command(overrides: Iterable[str]) -> str:
    """Return the line for a shell that runs an experiment with these settings."""
    return shlex.join(["dvc", "exp", "run", *(word for one in overrides for word in ("-S", one))])


def picture(path: Path, space: Mapping[str, BaseDistribution], told: Sequence[Told]) -> None:
    """Draw a search, and say where."""
    try:
        import vl_convert  # noqa: PLC0415 - `make plots` brings it
    except ModuleNotFoundError:
        print("No picture: `make plots` installs what draws it")
        return
    drawn = vl_convert.vegalite_to_svg(parallel_coordinates(space, told))
    path.write_text(drawn, encoding="utf-8")
    print(f"The picture: {path}")


def parallel_coordinates(
    space: Mapping[str, BaseDistribution], told: Sequence[Told]
) -> dict[str, Any]:
    """Return Vega-Lite's description of a line for each trial, through all that it tried.

    An upright axis for each setting, from the least value to the greatest, and one for the
    accuracy.
    """
    lines, labels = [], []
    scored = [one.accuracy for one in told if one.accuracy is not None]
    scale = FloatDistribution(min(scored), max(scored))
    axes = [*space, "validation accuracy"]
    for one in told:
        settings = dict(word.split("=", 1) for word in one.overrides)
        for axis in axes:
            value = settings.get(axis, one.accuracy)
            place = position(space.get(axis, scale), value)
            row = {"axis": axis, "position": place, "accuracy": one.accuracy}
            lines.append(row | {"trial": " ".join(one.overrides)})
    for axis in axes:
        texts = marks(space.get(axis, scale))
        labels += [{"axis": axis, "position": place, "text": text} for place, text in texts.items()]
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
                "sort": axes,
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
