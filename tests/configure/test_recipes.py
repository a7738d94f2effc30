"""From the blocks of params.yaml to each model's settings, or the line that says what is wrong."""

from typing import Any

import pytest

from stages.common.errors import StageError
from stages.configure.recipes import resolve
from tests.support import declared
from tests.support.settings import TRAIN, resolved, sections

BLOCKS = {
    "recipe": "recipes.notebook",
    "for_model1": "recipes.notebook.models.model1",
    "model": "models.mine",
    "train": "train",
}


def test_the_later_of_two_blocks_counts() -> None:
    blocks: dict[str, dict[str, Any]] = {}
    for number, block in enumerate(BLOCKS, start=1):
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


def test_a_models_own_sizes_and_what_train_alone_sets_arrive_and_blocks_stay_as_they_were() -> None:
    sizes = {"filters": [3, 4], "dense": []}
    train = {"seed": 9, "precision": "bfloat16", "threads": 3}
    given, same = (sections(model=sizes, train=train) for _ in range(2))
    assert resolved(given).model_dump().items() >= (sizes | train).items()
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
    expected = {
        "model1": {**for_all, "architecture": "model1", "epochs": 5, "batch_size": 2000},
        "model2": {**for_all, "architecture": "model2", "epochs": 10, "batch_size": 1000},
        "model3": {**for_all, "architecture": "model3", "epochs": 10, "batch_size": 2000},
    }
    assert ours() == expected
    # Ten epochs for all change the one whose recipe has five.
    assert ours(epochs=10) == expected | {"model1": expected["model1"] | {"epochs": 10}}


def message(given: dict[str, Any]) -> str:
    """Return the one line that *given* is refused with."""
    with pytest.raises(StageError) as caught:
        resolved(given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("block", "place"), BLOCKS.items())
def test_a_wrong_value_and_an_unknown_key_are_told_with_the_block_they_stand_in(
    block: str, place: str
) -> None:
    assert message(sections(**{block: {"epochs": 0}})) == (
        f"params.yaml: {place}.epochs: should be greater than or equal to 1, got 0"
    )
    assert message(sections(**{block: {"bach_size": 10}})).startswith(
        f"params.yaml: {place}: unknown key 'bach_size'; did you mean 'batch_size'? (valid: "
    )


@pytest.mark.parametrize(
    ("block", "key", "value", "told"),
    [
        ("train", "epochs", 2.5, "should be a whole number, got 2.5"),
        ("train", "seed", None, "should be a whole number, got null"),
        ("train", "learning_rate", float("nan"), "should be a finite number, got nan"),
        ("model", "normalize", "yes", "should be true or false, got 'yes'"),
        ("model", "schedule", "x", "should be 'constant', 'warm_up' or 'one_cycle', got 'x'"),
        ("model", "filters", [], "should have at least one entry, got []"),
        ("model", "filters", [8], "model1 has 2 convolutions, so give as many numbers, not [8]"),
        (
            *("model", "architecture", None),
            "this key is missing; take one of model1, model2, model3",
        ),
        (
            *("train", "recipe", "notebok"),
            "unknown recipe 'notebok'; did you mean 'notebook'? (valid: notebook)",
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(
    block: str, key: str, value: object, told: str
) -> None:
    given = sections(**{block: {key: value}})
    assert message(given) == f"params.yaml: {BLOCKS[block]}.{key}: {told}"


def test_an_unknown_architecture_is_told_with_the_nearest_and_the_valid_ones() -> None:
    end = "unknown architecture 'model_1'; did you mean 'model1'? (valid: model1, model2, model3)"
    of_model, of_recipe = sections(model={"architecture": "model_1"}), sections()
    of_recipe["recipes"]["notebook"]["models"] = {"model_1": {"epochs": 1}}
    assert message(of_model) == f"params.yaml: models.mine: {end}"
    assert message(of_recipe) == f"params.yaml: recipes.notebook.models: {end}"


@pytest.mark.parametrize("key", ["seed", "precision", "threads", "recipe", "versions"])
def test_a_model_cannot_set_what_holds_for_all(key: str) -> None:
    line = message(sections(model={key: 1}))
    assert line.startswith(f"params.yaml: models.mine: unknown key {key!r}")


@pytest.mark.parametrize("section", ["models", "recipes"])
@pytest.mark.parametrize("name", [1, "1a", "../x", "a b", "it's", "", "-a", "a\n"])
def test_a_name_that_cannot_be_a_file_or_a_stage_is_refused(section: str, name: object) -> None:
    given = sections()
    given[section][name] = {"architecture": "model1"}
    assert message(given) == (
        f"params.yaml: {section}: {name!r} cannot be a name; "
        "take letters, digits, _ and -, a letter first"
    )


def test_a_recipe_that_is_not_chosen_is_checked_for_architectures_not_in_use() -> None:
    given = sections()
    other = given["recipes"]["notebook"] | {"models": {"model3": {"epochs": -1}}}
    given["recipes"]["other"] = other
    assert message(given).startswith("params.yaml: recipes.other.models.model3.epochs: should be")


@pytest.mark.parametrize(
    ("section", "content", "line"),
    [
        ("models", {"mine": None}, "models.mine: expected a block of keys, got null"),
        ("models", {}, "models: empty; name at least one"),
        ("recipes", {"notebook": {}}, "recipes.notebook.epochs: this key is missing"),
        ("train", {}, "train.recipe: this key is missing"),
        ("train", None, "train: expected a block of keys, got null"),
    ],
)
def test_what_is_missing_is_named(section: str, content: object, line: str) -> None:
    assert message(sections() | {section: content}) == f"params.yaml: {line}"
