"""Settings that do not fit: one line that names the block they stand in and what would be right."""

from typing import Any

import pytest

from stages.common.errors import StageError
from stages.configure.recipes import resolve
from tests.settings_for_tests import sections


def message(given: dict[str, Any], model: str = "mine") -> str:
    """Return the one line that *given* is refused with."""
    with pytest.raises(StageError) as caught:
        resolve(model, given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("epochs", [0, -1, 2.5, "ten", True])
def test_wrong_epochs_are_told_with_the_block_they_stand_in(epochs: object) -> None:
    for block, place in {
        "recipe": "recipes.notebook.epochs",
        "for_model1": "recipes.notebook.models.model1.epochs",
        "model": "models.mine.epochs",
        "train": "train.epochs",
    }.items():
        line = message(sections(**{block: {"epochs": epochs}}))
        assert line.startswith(f"params.yaml: {place}: should be ")
        assert line.endswith(f", got {str(epochs).lower() if epochs is True else repr(epochs)}")


@pytest.mark.parametrize(
    ("train", "line"),
    [
        ({"learning_rate": 0}, "train.learning_rate: should be greater than 0, got 0"),
        ({"batch_size": 0}, "train.batch_size: should be greater than or equal to 1, got 0"),
        ({"seed": -1}, "train.seed: should be greater than or equal to 0, got -1"),
        ({"threads": 0}, "train.threads: should be greater than or equal to 1, got 0"),
        ({"threads": "two"}, "train.threads: should be a whole number, got 'two'"),
        ({"threads": 1.5}, "train.threads: should be a whole number, got 1.5"),
        ({"threads": 1025}, "train.threads: should be less than or equal to 1024, got 1025"),
        (
            {"precision": "float16"},
            "train.precision: should be 'auto', 'float32' or 'bfloat16', got 'float16'",
        ),
        (
            {"recipe": "notebok"},
            "train.recipe: unknown recipe 'notebok'; did you mean 'notebook'? (valid: notebook)",
        ),
        (
            {"epoch": 3},
            "train: unknown key 'epoch'; did you mean 'epochs'? "
            "(valid: batch_size, epochs, learning_rate, precision, recipe, seed, threads)",
        ),
    ],
)
def test_wrong_value_under_train_is_told_with_what_would_be_right(
    train: dict[str, Any], line: str
) -> None:
    assert message(sections(train=train)) == f"params.yaml: {line}"


@pytest.mark.parametrize(
    ("changed", "start"),
    [
        ({"schedule": "cosine"}, "schedule: should be 'constant' or 'one_cycle', got 'cosine'"),
        ({"label_smoothing": 1}, "label_smoothing: should be less than 1, got 1"),
        ({"normalize": "yes"}, "normalize: should be true or false, got 'yes'"),
        ({"shift": 15}, "shift: should be less than or equal to 14, got 15"),
        ({"filters": []}, "filters: "),
        ({"filters": [32, 0]}, "filters.1: should be greater than or equal to 1, got 0"),
        ({"dense": 64}, "dense: should be a list, got 64"),
    ],
)
def test_wrong_value_of_a_model_is_told_with_its_place(changed: dict[str, Any], start: str) -> None:
    assert message(sections(model=changed)).startswith(f"params.yaml: models.mine.{start}")


def test_unknown_architecture_is_told_with_the_nearest_and_the_valid_ones() -> None:
    given = sections(model={"architecture": "model_1"})
    assert message(given) == (
        "params.yaml: models.mine: unknown architecture 'model_1'; did you mean 'model1'? "
        "(valid: model1, model2, model3)"
    )


def test_unknown_architecture_in_a_recipe_is_told() -> None:
    given = sections()
    given["recipes"]["notebook"]["models"] = {"model4": {"epochs": 1}}
    assert message(given).startswith(
        "params.yaml: recipes.notebook.models: unknown architecture 'model4'; did you mean 'model"
    )


@pytest.mark.parametrize("key", ["seed", "precision", "threads", "recipe"])
def test_a_model_cannot_set_what_holds_for_all(key: str) -> None:
    line = message(sections(model={key: 1}))
    assert line.startswith(f"params.yaml: models.mine: unknown key {key!r}")


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("recipe", "recipes.notebook"),
        ("for_model1", "recipes.notebook.models.model1"),
        ("model", "models.mine"),
    ],
)
def test_unknown_key_is_told_with_the_nearest_one(block: str, place: str) -> None:
    line = message(sections(**{block: {"bach_size": 10}}))
    assert line.startswith(
        f"params.yaml: {place}: unknown key 'bach_size'; did you mean 'batch_size'? (valid: "
    )


def test_unknown_model_is_told_with_the_nearest_name() -> None:
    assert message(sections(), "mne").startswith(
        "params.yaml: models: unknown model 'mne'; did you mean 'mine'?"
    )


@pytest.mark.parametrize("name", [1, "../x", "a b", "a/b", "a;b", "it's", "", "-a"])
def test_a_name_that_cannot_be_a_file_or_a_stage_is_refused(name: object) -> None:
    given = sections()
    given["models"] |= {name: {"architecture": "model1"}}
    assert message(given).startswith(f"params.yaml: models: {name!r} cannot be a model's name")


def test_filters_for_another_number_of_convolutions_are_told_before_training() -> None:
    given = sections()
    given["models"]["mine"]["filters"] = [8]
    assert message(given) == (
        "params.yaml: models.mine.filters: model1 has 2 convolutions, so give as many numbers,"
        " not [8]"
    )


@pytest.mark.parametrize("section", ["recipes", "models"])
def test_an_empty_section_is_told(section: str) -> None:
    assert message({**sections(), section: {}}) == (
        f"params.yaml: {section}: empty; name at least one"
    )


def test_a_recipe_that_is_not_chosen_is_checked_too() -> None:
    given = sections()
    given["recipes"]["other"] = {**given["recipes"]["notebook"], "epochs": -1}
    assert message(given).startswith("params.yaml: recipes.other.epochs: should be greater")


@pytest.mark.parametrize("key", ["seed", "precision"])
def test_null_under_train_is_told_where_it_stands(key: str) -> None:
    given = sections()
    given["train"][key] = None
    line = message(given)
    assert line.startswith(f"params.yaml: train.{key}: should be ")
    assert line.endswith("got null")


def test_missing_keys_sections_and_blocks_are_named() -> None:
    without_epochs, without_architecture, without_block = sections(), sections(), sections()
    del without_epochs["recipes"]["notebook"]["epochs"]
    del without_architecture["models"]["mine"]["architecture"]
    without_block["models"]["mine"] = None
    assert message(without_epochs) == "params.yaml: recipes.notebook.epochs: this key is missing"
    assert message(without_architecture) == (
        "params.yaml: models.mine.architecture: this key is missing; "
        "take one of model1, model2, model3"
    )
    assert message(without_block) == "params.yaml: models.mine: expected a block of keys, got null"
    assert message({"train": {}}).startswith("params.yaml: train.recipe: this key is missing")
    assert message({}) == "params.yaml: the section 'train' is missing"
