"""What `make replicates` found, where it is of the training at hand."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stages.tables import read_table

FOLDER = Path("metrics/replicates")
MODELS = "models.csv"
# What may differ between two trainings of which one is a replicate of the other: the seed, and
# what a result does not depend on but for its last bits.
FREE = ("precision", "seed", "threads", "versions")


def fingerprint(
    settings: Mapping[str, Any], trained: Mapping[str, Any], actual: Iterable[str]
) -> str:
    """Return what two trainings share that differ in their seed alone.

    *settings* and *trained* hold what models/settings/NAME.json and metrics/train/NAME.json do,
    *actual* is the class of each test image.
    """
    kept = {key: value for key, value in settings.items() if key not in FREE}
    kept |= {key: trained[key] for key in ("parameters", "precision", "training_images")}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode())
    digest.update("\0".join(actual).encode())
    return digest.hexdigest()[:12]


def spread(recipe: str, name: str, mark: str) -> dict[str, Any]:
    """Return ``seeds`` and ``seeds_deviation`` of the replicates of *name*, or none.

    They count where their fingerprint is this *mark*.
    """
    path = FOLDER / recipe / MODELS
    if path.is_file():
        for row in read_table(path).to_dict("records"):
            if (row["model"], row.get("fingerprint")) == (name, mark):
                return {"seeds": row["seeds"], "seeds_deviation": row["accuracy_deviation"]}
    return {"seeds": None, "seeds_deviation": None}
