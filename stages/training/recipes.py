"""From params.yaml to the settings of one model: recipe, model and ``train:`` merged.

Of two blocks that set the same key the later one counts: the recipe, the recipe's block for the
model's architecture, the model's own block, what ``train:`` sets.
"""

from collections.abc import Mapping
from typing import Any

from stages.architectures import NAMES as ARCHITECTURES
from stages.errors import StageError
from stages.schema import Settings, check_name, section, unknown
from stages.training.settings import TrainingSettings

WHERE = "params.yaml"
SIZES = {"filters", "dense"}
# `train:` alone sets these, so that one seed and one precision hold for every model.
TRAIN_ONLY = {"recipe", "seed", "precision"}
RECIPE_KEYS = set(TrainingSettings.model_fields) - SIZES - TRAIN_ONLY - {"architecture"}
MODEL_KEYS = RECIPE_KEYS | SIZES


class Train(Settings):
    """``train:`` — what holds for every model; ``None`` leaves each recipe's own.

    Types alone: the ranges are those of :class:`TrainingSettings`.
    """

    recipe: str
    seed: Any
    precision: Any
    epochs: Any = None
    batch_size: Any = None
    learning_rate: Any = None


def resolve(model: str, params: Mapping[str, Any]) -> TrainingSettings:
    """Return the settings of *model*, a key under ``models:``, from params.yaml's content.

    Raises:
        StageError: an unknown name or key, a missing key, or a value out of its range; the
            message names the block the value stands in.
    """
    train = Train.parse(section(params, "train"), f"{WHERE}: train")
    recipes = _block(section(params, "recipes"), "recipes")
    models = _block(section(params, "models"), "models")
    check_name("model", model, models, f"{WHERE}: models")
    check_name("recipe", train.recipe, recipes, f"{WHERE}: train.recipe")

    own = _block(models[model], f"models.{model}")
    if "architecture" not in own:
        raise StageError(f"{WHERE}: models.{model}.architecture: this key is missing")
    architecture = check_name(
        "architecture", own.pop("architecture"), ARCHITECTURES, f"{WHERE}: models.{model}"
    )

    recipe_place = f"recipes.{train.recipe}"
    recipe = _block(recipes[train.recipe], recipe_place)
    per_architecture = _block(recipe.pop("models", None) or {}, f"{recipe_place}.models")
    for name in per_architecture:
        check_name("architecture", name, ARCHITECTURES, f"{WHERE}: {recipe_place}.models")
    adjusted = _block(
        per_architecture.get(architecture) or {}, f"{recipe_place}.models.{architecture}"
    )

    blocks = [
        (recipe_place, recipe, RECIPE_KEYS),
        (f"{recipe_place}.models.{architecture}", adjusted, RECIPE_KEYS),
        (f"models.{model}", {k: v for k, v in own.items() if v is not None}, MODEL_KEYS),
        ("train", {k: v for k, v in train if v is not None}, TRAIN_ONLY | RECIPE_KEYS),
    ]
    return _merge(architecture, blocks)


def _block(values: object, place: str) -> dict[str, Any]:
    """Return a copy of a block of params.yaml."""
    if not isinstance(values, Mapping):
        raise StageError(f"{WHERE}: {place}: expected a block of keys, got {values!r}")
    return dict(values)


def _merge(
    architecture: str, blocks: list[tuple[str, dict[str, Any], set[str]]]
) -> TrainingSettings:
    """Merge *blocks* of (place, values, valid keys), the later ones over the earlier."""
    merged: dict[str, Any] = {"architecture": architecture}
    places: dict[str, str] = {}
    for place, values, valid in blocks:
        for key, value in values.items():
            if key not in valid:
                raise StageError(f"{WHERE}: {place}: {unknown('key', key, valid)}")
            merged[key] = value
            places[key] = place
    recipe_place = blocks[0][0]
    return TrainingSettings.parse(merged, lambda key: f"{WHERE}: {places.get(key, recipe_place)}")
