"""What came of a sweep: experiments in the user's repository, and a table of them."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from tools.sweep.driver import Trial
from tools.sweep.search import Search

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


def shown(name: str, path: str) -> str:
    """Return the content of a file as the experiment *name* has it."""
    return output("git", "show", f"{revisions()[name]}:{path}")


def validation_accuracy(name: str, models: Iterable[str]) -> float:
    """Return the mean validation accuracy of *models* in the experiment *name*."""
    found = [json.loads(shown(name, f"metrics/train/{model}.json")) for model in models]
    return mean(numbers["val_accuracy"] for numbers in found)


def table(trials: Iterable[Trial], models: Iterable[str]) -> pd.DataFrame:
    """Return a row for each trial: its name, its settings, and each model's accuracies."""
    rows: list[dict[str, Any]] = []
    for trial in trials:
        row: dict[str, Any] = {"experiment": trial.name}
        row |= dict(word.split("=", 1) for word in trial.overrides)
        for model in models if not trial.failed else ():
            train = json.loads(shown(trial.name, f"metrics/train/{model}.json"))
            evaluated = json.loads(shown(trial.name, f"metrics/evaluate/{model}.json"))
            row[f"{model} validation"] = train["val_accuracy"]
            row[f"{model} test"] = evaluated["accuracy"]
        row["note"] = "failed" if trial.failed else ""
        rows.append(row)
    return pd.DataFrame(rows)


def write(
    folder: Path, trials: Iterable[Trial], models: Iterable[str], search: Search | None
) -> None:
    """Print the table of all trials and, of a search, the best settings; keep both in *folder*."""
    made = table(trials, list(models))
    folder.mkdir(parents=True, exist_ok=True)
    made.to_csv(folder / "trials.csv", index=False, lineterminator="\n")
    print(made.to_string(index=False, float_format="%.4f"))
    print(f"\nThe table: {folder / 'trials.csv'}")
    if search:
        best = search.best()
        if best:
            print("The best settings:\n  dvc exp run " + " ".join(f"-S {word}" for word in best))
