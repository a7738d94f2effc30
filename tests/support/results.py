"""Results to make a page of, of any number of models, classes and kinds of images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.compare.significance import intervals, pairs
from stages.report.results import Results
from tests.support.images import random_images


def results(
    models: Sequence[str],
    classes: Sequence[str],
    *,
    image: tuple[int, int, int] = (28, 28, 1),
    tested: int = 600,
    trained: int = 3,
    seeds: bool = False,
    **changed: Any,
) -> Results:
    """Return results as the stages would find them, the later a model the better it is.

    *tested* is the number of test images, *trained* that of epochs.
    """
    generator = np.random.default_rng(0)
    images, labels = random_images(tested, image=image, classes=len(classes))
    actual = labels.argmax(axis=1)
    probabilities = {}
    for place, model in enumerate(models, start=1):
        logits = generator.normal(size=labels.shape) + (2.5 + 0.1 * place) * labels
        exponents = np.exp(logits).astype(np.float32)
        probabilities[model] = exponents / exponents.sum(axis=1, keepdims=True)
    predicted = {model: of.argmax(axis=1) for model, of in probabilities.items()}
    correct = pd.DataFrame({model: said == actual for model, said in predicted.items()})
    limits = intervals(correct)
    table = pd.DataFrame(
        {
            "model": models,
            "parameters": [10_000 * place**2 for place, _ in enumerate(models, start=1)],
            "accuracy": correct.mean().to_numpy(),
            "accuracy_low": limits["low"].to_numpy(),
            "accuracy_high": limits["high"].to_numpy(),
            "train_seconds": [2.5 * place for place, _ in enumerate(models, start=1)],
            "epochs": trained,
            "recipe": "fast",
            "seeds": 5 if seeds else np.nan,
            "seeds_deviation": 0.01 if seeds else np.nan,
            "note": "on the Pareto front",
        }
    )
    epochs = pd.MultiIndex.from_product(
        [models, ["training", "validation"], range(1, trained + 1)],
        names=["model", "images", "epoch"],
    )
    history = epochs.to_frame(index=False)
    history["accuracy"] = 0.8 + history["epoch"] / 50 + generator.uniform(0, 0.1, len(history))
    history["loss"] = 1 / history["epoch"]
    measured = pd.DataFrame(
        {
            "class": classes,
            **{name: generator.uniform(0.8, 1, len(classes)) for name in MEASURES},
            "support": 10,
        }
    )
    defaults: dict[str, Any] = {
        "data": "letters",
        "table": table,
        "pairs": pairs(correct),
        "history": history,
        "per_class": dict.fromkeys(models, measured),
        "predicted": predicted,
        "confidence": {model: of.max(axis=1) for model, of in probabilities.items()},
        "times": {model: {"machine": {"cores": 2, "instructions": "avx"}} for model in models},
        "settings": {model: {"architecture": model, "dense": None} for model in models},
        "images": images,
        "actual": actual,
        "classes": list(classes),
        "replicates": replicates(models) if seeds else {},
        "params": PARAMS,
        "lock": LOCK,
    }
    return Results(**defaults | changed)


MEASURES = ("precision", "recall", "f1")
PARAMS: dict[str, Any] = {
    "data": {"dataset": "letters", "sources": [], "path": None, "size": None, "limit": None},
    "split": {"test_fraction": 0.5, "validation_fraction": 0, "seed": 0},
    "train": {"recipe": "fast", "seed": 0, "precision": "auto", "threads": None, "epochs": None,
              "batch_size": None, "learning_rate": None},
    "models": {},
}  # fmt: skip
LOCK: dict[str, Any] = {
    "stages": {
        "fetch": {
            "deps": [{"path": "stages/fetch", "md5": "a1.dir"}],
            "outs": [{"path": "data/raw", "md5": "b2.dir"}],
        },
        "train@a": {
            "deps": [{"path": "data/raw", "md5": "b2.dir"}],
            "outs": [{"path": "models/a.keras", "md5": "c3"}],
        },
        "compare": {"outs": [{"path": "metrics/comparison.csv", "md5": "e5"}]},
    }
}


def replicates(models: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return what `make replicates` might have found."""
    means = pd.DataFrame({"model": [*models, "ensemble"], "seeds": 5})
    for column in ("accuracy", "seconds"):
        for key, value in (("mean", 0.9), ("deviation", 0.01), ("low", 0.89), ("high", 0.91)):
            means[f"{column}_{key}"] = value
    differences = pd.DataFrame(
        {"first": [models[0]], "second": ["ensemble"], "mean": 0.1, "low": 0.0, "high": 0.2}
    )
    return {"models": means, "differences": differences}


# What HTML, a script, CSV, Markdown, Vega or pandas may take for something else.
NASTY = [
    "<script>document.title = 'ran'</script>",
    '"><img src=x onerror="document.title = \'ran\'">',
    "</script><b>bold</b>",
    "{{ 7 * 7 }}",
    "NA",
    "null",
    "1e5",
    "datum['model']",
    'a, "b"; <c>',
    "it's",
    "Straße, 猫",
    "a name that is far too long for the place that a chart or a table would have for it, really",
]
