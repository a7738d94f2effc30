"""What differs between two runs of the pipeline, beside times."""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from stages.common.errors import StageError
from stages.common.files import read_json
from stages.compare.comparison import to_markdown

TIME, TABLE, MARKDOWN = "metrics/time", "metrics/comparison.csv", "metrics/comparison.md"
# An interrupted training goes on with the same bits, so where it went on is part of its times.
TIMES = {"train_seconds", "seconds_per_epoch", "images_per_second", "resumed_after_epochs"}
# What the comparison's notes say of times.
TIMED_NOTES = {"fastest", "slowest", "on the Pareto front"}


@dataclass(frozen=True)
class Results:
    """What a run left in *folder*: dvc.lock, and the metrics that Git keeps."""

    folder: Path

    @cached_property
    def stages(self) -> dict[str, Any]:
        """The stages of dvc.lock by name."""
        path = self.folder / "dvc.lock"
        try:
            stages: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
        except FileNotFoundError:
            raise StageError("dvc.lock: not committed; run `dvc repro`, then commit it") from None
        except (yaml.YAMLError, TypeError, KeyError):
            raise StageError("dvc.lock: damaged; run `dvc repro`, then commit it") from None
        return stages

    @property
    def outputs(self) -> dict[str, str]:
        """The MD5 of every output by its path."""
        return {o["path"]: o["md5"] for s in self.stages.values() for o in s.get("outs", [])}

    @property
    def inputs(self) -> dict[str, str]:
        """The MD5 by path of what the stages read and none of them wrote: their code."""
        written = {place for path in self.outputs for place in (Path(path), *Path(path).parents)}
        deps = [dep for stage in self.stages.values() for dep in stage.get("deps", [])]
        return {dep["path"]: dep["md5"] for dep in deps if Path(dep["path"]) not in written}

    @property
    def machines(self) -> dict[str, Mapping[str, Any]]:
        """What each model was trained on."""
        files = (self.folder / TIME).glob("*.json")
        return {file.stem: read_json(file).get("machine", {}) for file in files}


def machine_differences(before: Results, after: Results) -> Iterator[str]:
    """Yield how the machines that trained the models of two runs differ, in one line each."""
    old, new = before.machines, after.machines
    pairs = [(old[model], new[model]) for model in old.keys() & new.keys()]
    lines = {
        f"{key}: {was.get(key)}, now {on.get(key)}"
        for was, on in pairs
        for key in was.keys() | on.keys()
        if was.get(key) != on.get(key)
    }
    yield from sorted(lines)


def differences(before: Results, after: Results) -> Iterator[str]:
    """Yield what differs between two runs but for times, in one line each."""
    old, new = before.inputs, after.inputs
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield f"{path}: not the version that the committed run used"
    stages, again = before.stages, after.stages
    for name in sorted(stages.keys() & again.keys()):
        for key, words in (("cmd", "command"), ("params", "parameters")):
            if stages[name].get(key) != again[name].get(key):
                yield f"{name}: not with the {words} of the committed run"
    old, new = before.outputs, after.outputs
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            yield f"{path}: not written by the second run"
        elif path not in old:
            yield f"{path}: not written by the committed run"
        elif old[path] != new[path]:
            yield from output_differences(path, before, after)


def output_differences(path: str, before: Results, after: Results) -> Iterator[str]:
    """Yield what differs, but for times, in an output that has other bytes."""
    if path == MARKDOWN:
        # Not in Git, so the committed file need not be at hand. Its hash is.
        for results, which in ((before, "committed"), (after, "second")):
            if results.outputs[path] != rendered_md5(results.folder / TABLE):
                yield f"{path}: that of the {which} run does not show its {TABLE}"
    elif path == TABLE or Path(path).parent == Path(TIME):
        read: Callable[[Path], dict[str, Any]] = table_facts if path == TABLE else time_facts
        old, new = read(before.folder / path), read(after.folder / path)
        names = [*old, *(name for name in new if name not in old)]
        lines = [
            f"{path}: {name}: {old.get(name)}, now {new.get(name)}"
            for name in names
            if old.get(name) != new.get(name)
        ]
        yield from lines
        if not lines and list(old) != list(new):
            yield f"{path}: other order"
    else:
        yield f"{path}: other bytes"


def rendered_md5(table: Path) -> str:
    """Return the MD5 of the comparison that people read, made of the *table*."""
    rows = pd.read_csv(table, keep_default_na=False)
    return hashlib.md5(to_markdown(rows).encode(), usedforsecurity=False).hexdigest()


def table_facts(path: Path) -> dict[str, Any]:
    """Return each cell of comparison.csv by column and model, without times and notes on them."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        f"{column} of {row.get('model')}": _untimed(text) if column == "note" else text
        for row in rows
        for column, text in row.items()
        if column not in TIMES
    }


def _untimed(note: str) -> str:
    """Return a model's *note* without what its training time decides."""
    return ", ".join(words for words in note.split(", ") if words not in TIMED_NOTES)


def time_facts(path: Path) -> dict[str, Any]:
    """Return what metrics/time/NAME.json holds beside times; its machine is told by itself."""
    content = read_json(path)
    facts = {key: content[key] for key in content if key not in {*TIMES, "machine", "per_epoch"}}
    return {**facts, "epochs": [entry["epoch"] for entry in content.get("per_epoch", [])]}
