"""Reads the results of the other stages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from stages import dataset, params, processed
from stages.common.files import read_json, reading
from stages.dataset import Dataset
from stages.tables import read_table

METRICS = Path("metrics")
LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class Results:
    """All that the page is made of.

    *table*, *pairs* and *history* are metrics/comparison.csv, significance.csv and history.csv. By
    model there are the tables of metrics/per_class/, what it *predicted* and with which
    *confidence* (n,), and the content of metrics/time/ and models/settings/. *images* (n, height,
    width, channels) and *actual* (n,) are the test images and their classes, as positions in
    *classes*. *replicates* has the tables of `make replicates` with this recipe, if they are of the
    same trainings.
    """

    dataset: Dataset
    table: pd.DataFrame
    pairs: pd.DataFrame
    history: pd.DataFrame
    per_class: Mapping[str, pd.DataFrame]
    predicted: Mapping[str, np.ndarray]
    confidence: Mapping[str, np.ndarray]
    times: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, Mapping[str, Any]]
    images: np.ndarray
    actual: np.ndarray
    classes: list[str]
    replicates: Mapping[str, pd.DataFrame]
    params: Mapping[str, Any]
    lock: Mapping[str, Any]


def read() -> Results:
    """Return the results in this folder.

    Raises:
        StageError: a file is missing or damaged.
    """
    table = read_table(METRICS / "comparison.csv")
    names = list(table["model"])
    images, labels = processed.read("test")
    classes = processed.read_classes()
    places = {name: place for place, name in enumerate(classes)}
    predictions = {n: read_table(METRICS / "predictions" / f"{n}.csv") for n in names}
    with reading(LOCK):
        lock = yaml.safe_load(LOCK.read_text(encoding="utf-8"))
    return Results(
        dataset=dataset.read(),
        table=table,
        pairs=read_table(METRICS / "significance.csv"),
        history=read_table(METRICS / "history.csv"),
        per_class={n: read_table(METRICS / "per_class" / f"{n}.csv") for n in names},
        predicted={n: t["predicted"].map(places).to_numpy() for n, t in predictions.items()},
        confidence={n: t["confidence"].to_numpy() for n, t in predictions.items()},
        times={name: read_json(METRICS / "time" / f"{name}.json") for name in names},
        settings={name: read_json(Path("models/settings") / f"{name}.json") for name in names},
        images=images,
        actual=labels.argmax(axis=1),
        classes=classes,
        replicates=read_replicates(table),
        params=params.read(),
        lock=lock,
    )


def read_replicates(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return ``models`` and ``differences`` over seeds, of the models with seeds in *table*.

    The ensemble is included if it is made of exactly these models.
    """
    known = set(table.loc[table["seeds"].notna(), "model"])
    folder = METRICS / "replicates" / table["recipe"].iloc[0]
    if not known or not (folder / "differences.csv").is_file():
        return {}
    models, differences = (read_table(folder / f"{n}.csv") for n in ("models", "differences"))
    if {*models["model"]} - {*table["model"]} <= {"ensemble"} and known == {*table["model"]}:
        known.add("ensemble")
    both = differences["first"].isin(known) & differences["second"].isin(known)
    return {"models": models[models["model"].isin(known)], "differences": differences[both]}
