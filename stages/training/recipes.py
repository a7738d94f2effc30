"""From params.yaml to the settings of one model: recipe, model and ``train:`` merged.

Of two blocks that set the same key the later one counts: the recipe, the recipe's block for the
model's architecture, the model's own block, what ``train:`` sets.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stages.architectures import NAMES as ARCHITECTURES
from stages.architectures import convolutions
from stages.errors import StageError
from stages.schema import Settings, check_name, section, shown
from stages.training.settings import TrainingSettings

WHERE = "params.yaml"
SIZES = {"filters", "dense"}
# `train:` alone sets these, so that one seed, one precision and so on hold for every model.
TRAIN_ONLY = {"recipe", "seed", "precision", "threads"}
RECIPE_KEYS = set(TrainingSettings.model_fields) - SIZES - TRAIN_ONLY - {"architecture"}
MODEL_KEYS = RECIPE_KEYS | SIZES
# A model's name becomes part of file names, of DVC's stage names and of the stages' commands.
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
Block = tuple[str, dict[str, Any], set[str]]


class Train(Settings):
    """``train:`` — what holds for every model; ``None`` leaves each recipe's own.

    Types alone: the ranges are those of :class:`TrainingSettings`.
    """

    recipe: str
    seed: Any
    precision: Any
    threads: Any = None
    epochs: Any = None
    batch_size: Any = None
    learning_rate: Any = None


def resolve(model: str, params: Mapping[str, Any]) -> TrainingSettings:
    """Return the settings of *model*, a key under ``models:``, from params.yaml's content.

    The other recipes are checked too, so that choosing one later holds no surprise.

    Raises:
        StageError: an unknown name or key, a missing key, or a value out of its range; the
            message names the block the value stands in.
    """
    train = Train.parse(section(params, "train"), f"{WHERE}: train")
    recipes = _named_blocks(section(params, "recipes"), "recipes")
    for name in recipes:
        if not isinstance(name, str) or not name.isprintable():
            raise StageError(
                f"{WHERE}: recipes: {name!r} cannot be a recipe's name; "
                "take letters, digits, _ and -"
            )
    models = _named_blocks(section(params, "models"), "models")
    for name in models:
        if not isinstance(name, str) or not MODEL_NAME.fullmatch(name):
            raise StageError(
                f"{WHERE}: models: {name!r} cannot be a model's name; take letters, digits, _ and -"
            )
    check_name("model", model, models, f"{WHERE}: models")
    check_name("recipe", train.recipe, recipes, f"{WHERE}: train.recipe")

    own = _block(models[model], f"models.{model}")
    if own.get("architecture") is None:
        raise StageError(
            f"{WHERE}: models.{model}.architecture: this key is missing; "
            f"take one of {', '.join(ARCHITECTURES)}"
        )
    architecture = check_name(
        "architecture", own.pop("architecture"), ARCHITECTURES, f"{WHERE}: models.{model}"
    )
    always = ("train", {key: getattr(train, key) for key in TRAIN_ONLY}, TRAIN_ONLY)
    for name, recipe in recipes.items():
        for each in ARCHITECTURES:
            _merge(each, [*_recipe_blocks(name, recipe, each), always])

    own = {k: v for k, v in own.items() if v is not None}
    set_for_all = {k: v for k, v in train if k in RECIPE_KEYS and v is not None}
    merged = _merge(
        architecture,
        [
            *_recipe_blocks(train.recipe, recipes[train.recipe], architecture),
            always,
            (f"models.{model}", own, MODEL_KEYS),
            ("train", set_for_all, RECIPE_KEYS),
        ],
    )
    wanted = convolutions(architecture)
    if merged.filters is not None and len(merged.filters) != wanted:
        raise StageError(
            f"{WHERE}: models.{model}.filters: {architecture} has {wanted} convolutions, "
            f"so give as many numbers, not {merged.filters}"
        )
    return merged


def _recipe_blocks(name: str, recipe: object, architecture: str) -> Iterator[Block]:
    """Yield what a recipe sets for every model and what it sets for one architecture."""
    place = f"recipes.{name}"
    values = _block(recipe, place)
    adjusted = values.pop("models", None)
    yield place, values, RECIPE_KEYS | {"models"}
    if adjusted is not None:
        adjusted = _block(adjusted, f"{place}.models")
        for key in adjusted:
            check_name("architecture", key, ARCHITECTURES, f"{WHERE}: {place}.models")
        if adjusted.get(architecture) is not None:
            place = f"{place}.models.{architecture}"
            yield place, _block(adjusted[architecture], place), RECIPE_KEYS


def _named_blocks(values: object, place: str) -> dict[str, Any]:
    """Return a copy of a section whose keys are names, at least one of them."""
    named = _block(values, place)
    if not named:
        raise StageError(f"{WHERE}: {place}: empty; name at least one")
    return named


def _block(values: object, place: str) -> dict[str, Any]:
    """Return a copy of a block of params.yaml."""
    if not isinstance(values, Mapping):
        raise StageError(f"{WHERE}: {place}: expected a block of keys, got {shown(values)}")
    return dict(values)


def _merge(architecture: str, blocks: list[Block]) -> TrainingSettings:
    """Merge *blocks* of (place, values, valid keys), the later ones over the earlier."""
    merged: dict[str, Any] = {"architecture": architecture}
    places: dict[str, str] = {}
    for place, values, valid in blocks:
        for key, value in values.items():
            check_name("key", key, valid, f"{WHERE}: {place}")
            merged[key] = value
            places[key] = place
    recipe_place = blocks[0][0]
    return TrainingSettings.parse(merged, lambda key: f"{WHERE}: {places.get(key, recipe_place)}")
