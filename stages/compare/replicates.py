"""Results of `make replicates` that belong to the current training."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stages.tables import read_table

FOLDER = Path("metrics/replicates")
MODELS = "models.csv"
# What may differ between replicates: the seed, and settings that change only the last bits.
FREE = ("precision", "seed", "threads", "versions")
# Settings that came later, at which a training is what it was: older replicates still count.
LATER = {"early_stopping": 0, "optimizer": "adam", "weight_decay": 0}


def fingerprint(
    settings: Mapping[str, Any], trained: Mapping[str, Any], actual: Iterable[str]
) -> str:
    """Return a hash that is the same for trainings that differ only in their seed.

    *settings* and *trained* are the content of models/settings/NAME.json and
    metrics/train/NAME.json, *actual* is the class of each test image.
    """
    kept = {
        key: value
        for key, value in settings.items()
        if key not in FREE and (key, value) not in LATER.items()
    }
    kept |= {key: trained[key] for key in ("parameters", "precision", "training_images")}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    digest.update("\0".join(actual).encode())
    return digest.hexdigest()[:12]


def spread(recipe: str, name: str, mark: str) -> dict[str, Any]:
    """Return ``seeds`` and ``seeds_deviation`` of the replicates of *name*, or None.

    Replicates count only if their fingerprint is *mark*.
    """
    path = FOLDER / recipe / MODELS
    if path.is_file():
        for row in read_table(path).to_dict("records"):
            if (row["model"], row.get("fingerprint")) == (name, mark):
                return {"seeds": row["seeds"], "seeds_deviation": row["accuracy_deviation"]}
    return {"seeds": None, "seeds_deviation": None}
