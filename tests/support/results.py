"""Results to make a page of, of any number of models, classes and kinds of images."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from stages.compare.comparison import compare
from stages.compare.significance import pairs
from stages.dataset import Dataset
from stages.evaluate.scores import score_classes
from stages.report.results import Results
from tests.support.images import random_images


def results(
    models: Sequence[str],
    classes: Sequence[str],
    *,
    image: tuple[int, int, int] = (28, 28, 1),
    tested: int = 600,
    seeds: bool = False,
    **changed: Any,
) -> Results:
    """Return results as the stages would find them, the later a model the better it is.

    *tested* is the number of test images.
    """
    generator = np.random.default_rng(0)
    images, labels = random_images(tested, image=image, classes=len(classes))
    actual = labels.argmax(axis=1)
    predicted, confidence, trained = {}, {}, {}
    same: dict[str, Any] = {"trainable_parameters": 1, "epochs": 3}
    same |= {"recipe": "fast", "precision": "float32"}
    same |= {"seeds": 5 if seeds else None, "seeds_deviation": 0.01 if seeds else np.nan}
    for place, model in enumerate(models, start=1):
        exponents = np.exp(generator.normal(size=labels.shape) + (2.5 + 0.1 * place) * labels)
        predicted[model] = exponents.argmax(axis=1)
        confidence[model] = exponents.max(axis=1) / exponents.sum(axis=1)
        trained[model] = same | {
            "parameters": 10_000 * place**2,
            "accuracy": (predicted[model] == actual).mean(),
            "train_seconds": 2.5 * place,
        }
    correct = pd.DataFrame({model: said == actual for model, said in predicted.items()})
    history = pd.DataFrame(
        itertools.product(models, ("training", "validation"), (1, 2, 3)),
        columns=["model", "images", "epoch"],
    )
    found = Results(
        dataset=described(labels, classes),
        table=compare(trained, correct, pairs(correct)).astype({"seeds": float}),
        pairs=pairs(correct),
        history=history.assign(accuracy=1 - 0.2 / history["epoch"], loss=1 / history["epoch"]),
        per_class={m: score_classes(actual, said, classes) for m, said in predicted.items()},
        predicted=predicted,
        confidence=confidence,
        times={model: {"machine": {"cores": 2, "instructions": "avx"}} for model in models},
        settings={model: {"architecture": model, "dense": None} for model in models},
        images=images,
        actual=actual,
        classes=list(classes),
        replicates=replicates(models) if seeds else {},
        params={
            "data": {"dataset": "letters", "path": "images", "size": None, "limit": None},
            "split": {"test_fraction": 0.5, "stratified": False, "seed": 0},
        },
        lock=LOCK,
    )
    return replace(found, **changed)


def described(labels: np.ndarray, classes: Sequence[str], name: str = "letters") -> Dataset:
    """Return what preprocess says of test images with these one-hot *labels*, 7 to train on."""
    rows = zip(classes, labels.sum(axis=0).astype(int).tolist(), strict=True)
    counts = [{"class": one, "train": 7, "validation": n, "test": n} for one, n in rows]
    return Dataset(name=name, dataset=name, watched="test", drawn=["test"], classes=counts)


def pairs_of(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Return a table of pairs of models: the first, the second, their difference and Holm's p."""
    return pd.DataFrame(rows, columns=["first", "second", "difference", "p_holm"])


LOCK: dict[str, Any] = {
    "stages": {
        "train@a": {"outs": [{"path": "models/a.keras", "md5": "c3"}]},
        "train@gone": {"outs": [{"path": "models/gone.keras", "md5": "d4"}]},
        "compare": {"outs": [{"path": "metrics/comparison.csv", "md5": "e5"}]},
    }
}


def replicates(models: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return what `make replicates` might have found."""
    means = pd.DataFrame({"model": [*models, "ensemble"], "seeds": 5})
    for column in ("accuracy", "seconds"):
        for key, value in (("mean", 0.9), ("deviation", 0.01), ("low", 0.89), ("high", 0.91)):
            means[f"{column}_{key}"] = value
    difference = {"first": models[0], "second": "ensemble", "mean": 0.1, "low": 0.0, "high": 0.2}
    return {"models": means, "differences": pd.DataFrame([difference])}


# What HTML, a script, CSV, Markdown, Vega or pandas may take for something else.
NASTY = [
    "<script>document.title = 'ran'</script>",
    '"><img src=x onerror="document.title = \'ran\'">',
    "</script><b>bold</b>",
    "{{ 7 * 7 }}",
    "NA",
    "1e5",
    "datum['model']",
    'a, "b"; <c>',
    "Straße, 猫",
    "a name that is far too long for the place that a chart or a table would have for it, really",
]
