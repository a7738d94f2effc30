"""From the blocks of params.yaml to one model's settings: which block counts."""

from typing import Any

import pytest

from stages import params
from stages.configure.recipes import resolve
from tests import ROOT
from tests.settings_for_tests import TRAIN, sections

NAMES = ["model1", "model2", "model3"]


def test_the_later_of_two_blocks_counts() -> None:
    blocks: dict[str, dict[str, Any]] = {}
    for number, block in enumerate(("recipe", "for_model1", "model", "train"), start=1):
        blocks[block] = {"epochs": number}
        assert resolve("mine", sections(**blocks)).epochs == number


def test_another_architectures_block_in_the_recipe_does_not_count() -> None:
    given = sections(recipe={"epochs": 3}, for_model1={"epochs": 4})
    given["models"]["mine"]["architecture"] = "model2"
    assert resolve("mine", given).epochs == 3


def test_null_leaves_the_recipes_value() -> None:
    nothing = {"epochs": None, "batch_size": None, "learning_rate": None}
    given = sections(recipe={"epochs": 3, "batch_size": 70}, model=nothing, train=nothing)
    resolved = resolve("mine", given)
    assert (resolved.epochs, resolved.batch_size, resolved.learning_rate) == (3, 70, 0.001)


def test_a_models_own_sizes_and_what_train_alone_sets_arrive() -> None:
    sizes = {"filters": [3, 4], "dense": []}
    train = {"seed": 9, "precision": "bfloat16", "threads": 3}
    resolved = resolve("mine", sections(model=sizes, train=train))
    assert (resolved.filters, resolved.dense) == ([3, 4], [])
    assert (resolved.seed, resolved.precision, resolved.recipe) == (9, "bfloat16", "notebook")
    assert resolved.threads == 3


def test_blocks_are_left_as_they_were() -> None:
    given, same = (sections(for_model1={"epochs": 4}) for _ in range(2))
    resolve("mine", given)
    assert given == same


def ours(**train: Any) -> dict[str, Any]:
    """Return our own params.yaml with the notebook's recipe and nothing set over it."""
    return params.read(ROOT / "params.yaml") | {"train": TRAIN | train}


@pytest.mark.parametrize(
    ("name", "epochs", "batch_size"),
    [("model1", 5, 2000), ("model2", 10, 1000), ("model3", 10, 2000)],
)
def test_the_notebooks_settings_come_out_of_our_params_yaml(
    name: str, epochs: int, batch_size: int
) -> None:
    resolved = resolve(name, ours()).model_dump()
    keras_defaults = {"learning_rate": 0.001, "batch_norm_momentum": 0.99}
    compiled = {"optimizer": "adam", "loss": "categorical_crossentropy"}
    images_as_they_are = {"normalize": False, "shift": 0, "rotation": 0, "zoom": 0}
    own_sizes = {"filters": None, "dense": None}
    plain = {"schedule": "constant", "label_smoothing": 0, "steps_per_epoch": None}
    assert resolved == {
        **{"architecture": name, "epochs": epochs, "batch_size": batch_size},
        **TRAIN,
        "threads": None,
        **keras_defaults,
        **compiled,
        **images_as_they_are,
        **plain,
        **own_sizes,
    }


def test_ten_epochs_for_all_change_model1_alone_whose_recipe_has_five() -> None:
    before, after = (
        {name: resolve(name, given).model_dump() for name in NAMES}
        for given in (ours(), ours(epochs=10))
    )
    assert after == before | {"model1": before["model1"] | {"epochs": 10}}


def test_variant_without_changes_resolves_like_the_model_it_varies() -> None:
    given = ours()
    given["models"] = given["models"] | {"model1_wide": {"architecture": "model1"}}
    assert resolve("model1_wide", given) == resolve("model1", given)


@pytest.mark.parametrize("recipe", ours()["recipes"])
def test_each_of_our_recipes_resolves_for_each_of_our_models(recipe: str) -> None:
    given = ours(recipe=recipe)
    assert {resolve(name, given).recipe for name in given["models"]} == {recipe}
