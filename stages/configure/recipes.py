"""From params.yaml to the settings of each model: recipe, model and ``train:`` merged.

If two blocks set the same key, the later one wins: the recipe, the recipe's block for the model's
architecture, the model's own block, what ``train:`` sets.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stages.common.errors import StageError
from stages.common.schema import Settings, check_name, shown
from stages.configure.architectures import check, convolutions, names
from stages.params import PATH as WHERE
from stages.params import experiments_origin, section
from stages.settings import TrainingSettings

ARCHITECTURES = names()
SIZES = {"filters", "dense"}
# Only `train:` sets these, so every model has the same seed, precision and so on.
TRAIN_ONLY = {"recipe", "seed", "precision", "threads"}
RECIPE_KEYS = set(TrainingSettings.model_fields) - SIZES - TRAIN_ONLY - {"architecture", "versions"}
MODEL_KEYS = RECIPE_KEYS | SIZES
# A model's name becomes part of file names, of DVC's stage names and of commands. YAML reads a name
# of digits as a number, which DVC drops.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
Block = tuple[str, dict[str, Any], set[str]]


class Train(Settings):
    """``train:`` — settings for every model; ``None`` means the recipe's own value.

    Values are checked by :class:`TrainingSettings`.
    """

    recipe: str
    seed: Any
    precision: Any
    threads: Any = None
    epochs: Any = None
    batch_size: Any = None
    learning_rate: Any = None


def resolve(params: Mapping[str, Any], versions: Mapping[str, str]) -> dict[str, TrainingSettings]:
    """Return the settings of every model under ``models:``, from params.yaml's content.

    *versions* are those of the packages that decide the bits. All recipes are checked, so choosing
    another one later brings no surprise. Of the architectures' files only those in use are checked,
    so an unfinished one stops no model.

    Raises:
        StageError: an unknown name or key, a missing key, or a value out of range; the message
            names the block of the value.
    """
    train = Train.parse(section(params, "train"), f"{WHERE}: train")
    recipes = _named_blocks(section(params, "recipes"), "recipes")
    models = _named_blocks(section(params, "models"), "models")
    check_name("recipe", train.recipe, recipes, f"{WHERE}: train.recipe")
    given = {key: getattr(train, key) for key in TRAIN_ONLY} | {"versions": dict(versions)}
    always = ("train", given, set(given))
    for_all = {key: value for key, value in train if key in RECIPE_KEYS and value is not None}
    by_architecture = {
        (recipe, architecture): [*_recipe_blocks(recipe, values, architecture), always]
        for recipe, values in recipes.items()
        for architecture in ARCHITECTURES
    }
    for (_, architecture), blocks in by_architecture.items():
        _merge(architecture, blocks)
    resolved = {}
    for name, values in models.items():
        place = f"models.{name}"
        own = _block(values, place)
        architecture = _architecture(own.pop("architecture", None), place)
        own = {key: value for key, value in own.items() if value is not None}
        blocks = by_architecture[train.recipe, architecture]
        last = [(place, own, MODEL_KEYS), ("train", for_all, RECIPE_KEYS)]
        resolved[name] = _merge(architecture, [*blocks, *last])
        check(architecture)
        filters, wanted = resolved[name].filters, convolutions(architecture)
        if wanted and filters and len(filters) != wanted:
            raise StageError(
                f"{WHERE}: {place}.filters: {architecture} has {wanted} convolutions, "
                f"so give as many numbers, not {filters}"
            )
    return resolved


def _architecture(name: object, place: str) -> str:
    """Return the *name* of the architecture in a model's block, which may be a number."""
    if name is None:
        raise StageError(
            f"{WHERE}: {place}.architecture: this key is missing; "
            f"take one of {', '.join(ARCHITECTURES)}"
        )
    file = f"stages/architectures/{name}.py"
    checkout = experiments_origin()
    if checkout and str(name) not in ARCHITECTURES and (checkout / file).exists():
        raise StageError(f"{file}: an experiment gets only what Git keeps; run `git add {file}`")
    return check_name("architecture", str(name), ARCHITECTURES, f"{WHERE}: {place}")


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
    """Return a copy of a section whose keys are names; there must be at least one."""
    named = _block(values, place)
    if not named:
        raise StageError(f"{WHERE}: {place}: empty; name at least one")
    for name in named:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise StageError(
                f"{WHERE}: {place}: {shown(name)} cannot be a name; "
                "take letters, digits, _ and -, a letter first"
            )
    return named


def _block(values: object, place: str) -> dict[str, Any]:
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
            places[key] = f"{WHERE}: {place}"
    return TrainingSettings.parse(merged, f"{WHERE}: {blocks[0][0]}", places)
