"""Settings of a training, valid as they stand, for tests to change what they are about."""

from typing import Any

from stages.configure.recipes import RECIPE_KEYS, resolve
from stages.settings import TrainingSettings

# The second architecture, with every kind of layer but the separable one, at a tenth of its size.
SMALL = {"architecture": "model2", "filters": [4, 8], "dense": [8]}

DEFAULTS: dict[str, Any] = {
    "architecture": "model2",
    "recipe": "notebook",
    "seed": 0,
    "precision": "float32",
    "epochs": 1,
    "early_stopping": 0,
    "steps_per_epoch": None,
    "batch_size": 8,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "weight_decay": 0,
    "schedule": "constant",
    "label_smoothing": 0,
    "batch_norm_momentum": 0.99,
    "ema_momentum": 0,
    "normalize": False,
    "shift": 0,
    "rotation": 0,
    "zoom": 0,
    "elastic": 0,
    "flip": False,
    "versions": {},
}


def training_settings(**changed: Any) -> TrainingSettings:
    """Return the least there is to train, plainly, but for what is *changed*."""
    return TrainingSettings.parse(DEFAULTS | changed, "a test")


# The least that `train:` may hold.
TRAIN = {"recipe": "notebook", "seed": 0, "precision": "auto"}


def resolved(values: dict[str, Any]) -> TrainingSettings:
    """Return the settings of the only model, ``mine``, with *values* at dotted places."""
    content: dict[str, Any] = {
        "train": dict(TRAIN),
        "recipes": {"notebook": {key: DEFAULTS[key] for key in RECIPE_KEYS}},
        "models": {"mine": {"architecture": "model1"}},
    }
    return resolve(put(content, values), {})["mine"]


def put(content: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return *content* with *values* put at dotted places."""
    for place, value in values.items():
        block = content
        *blocks, key = place.split(".")
        for name in blocks:
            block = block.setdefault(name, {})
        block[key] = value
    return content
