"""From the blocks of params.yaml to the settings of each model: which block counts."""

from typing import Any

import pytest

from stages.configure.recipes import resolve
from tests.support import declared
from tests.support.settings import TRAIN, resolved, sections


def test_the_later_of_two_blocks_counts() -> None:
    blocks: dict[str, dict[str, Any]] = {}
    for number, block in enumerate(("recipe", "for_model1", "model", "train"), start=1):
        blocks[block] = {"epochs": number}
        assert resolved(sections(**blocks)).epochs == number


def test_another_architectures_block_in_the_recipe_does_not_count() -> None:
    given = sections(
        recipe={"epochs": 3}, for_model1={"epochs": 4}, model={"architecture": "model2"}
    )
    assert resolved(given).epochs == 3


def test_null_leaves_the_recipes_value() -> None:
    nothing = {"epochs": None, "batch_size": None, "learning_rate": None}
    given = sections(recipe={"epochs": 3, "batch_size": 70}, model=nothing, train=nothing)
    found = resolved(given)
    assert (found.epochs, found.batch_size, found.learning_rate) == (3, 70, 0.001)


def test_a_models_own_sizes_and_what_train_alone_sets_arrive() -> None:
    sizes = {"filters": [3, 4], "dense": []}
    train = {"seed": 9, "precision": "bfloat16", "threads": 3}
    found = resolved(sections(model=sizes, train=train)).model_dump()
    assert found.items() >= (sizes | train).items()


def test_blocks_are_left_as_they_were() -> None:
    given, same = (sections(for_model1={"epochs": 4}) for _ in range(2))
    resolved(given)
    assert given == same


def ours(**train: Any) -> dict[str, dict[str, Any]]:
    """Return the settings of our models with the notebook's recipe and *train* set over it."""
    given = declared.read("params.yaml") | {"train": TRAIN | train}
    return {name: found.model_dump() for name, found in resolve(given, {"keras": "3"}).items()}


def test_the_notebooks_settings_come_out_of_our_params_yaml() -> None:
    for_all = {
        **{"recipe": "notebook", "seed": 0, "precision": "auto", "threads": None},
        # Keras's defaults, images as they are, each architecture's own sizes.
        **{"learning_rate": 0.001, "batch_norm_momentum": 0.99},
        **{"normalize": False, "shift": 0, "rotation": 0, "zoom": 0, "flip": False},
        **{"elastic": 0, "ema_momentum": 0},
        **{"filters": None, "dense": None},
        **{"schedule": "constant", "label_smoothing": 0, "steps_per_epoch": None},
        "versions": {"keras": "3"},
    }
    assert ours() == {
        "model1": {**for_all, "architecture": "model1", "epochs": 5, "batch_size": 2000},
        "model2": {**for_all, "architecture": "model2", "epochs": 10, "batch_size": 1000},
        "model3": {**for_all, "architecture": "model3", "epochs": 10, "batch_size": 2000},
    }


def test_ten_epochs_for_all_change_model1_alone_whose_recipe_has_five() -> None:
    before, after = ours(), ours(epochs=10)
    assert after == before | {"model1": before["model1"] | {"epochs": 10}}


@pytest.mark.parametrize("recipe", declared.read("params.yaml")["recipes"])
def test_each_of_our_recipes_resolves_for_each_of_our_models(recipe: str) -> None:
    assert {found["recipe"] for found in ours(recipe=recipe).values()} == {recipe}
