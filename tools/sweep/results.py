"""The results of a sweep: a table of its trials and, for a search, the best settings."""

import json
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from tools.sweep.driver import Trial
from tools.sweep.picture import parallel_coordinates
from tools.sweep.repository import TRIALS, revisions
from tools.sweep.search import Search
from tools.sweep.work import run

MEAN = "validation"
# DVC's line on which command failed, after the command's own line on why.
OF_DVC = "ERROR: failed to reproduce"


def accuracies(revision: str, models: Sequence[str]) -> dict[str, float]:
    """Return the accuracies of the experiment at Git's *revision*, by column."""
    found = {}
    for model in models:
        trained = run(["git", "show", f"{revision}:metrics/train/{model}.json"])
        evaluated = run(["git", "show", f"{revision}:metrics/evaluate/{model}.json"])
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
        if trial.outcome and trial.failed:
            lines = [line for line in trial.outcome.lines if not line.startswith(OF_DVC)]
            row["note"] = (lines or trial.outcome.lines)[-1]
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
