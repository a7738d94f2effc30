"""Settings that do not fit: one line that names the block they stand in and what would be right."""

from typing import Any

import pytest

from stages.common.errors import StageError
from tests.support.settings import resolved, sections


def message(given: dict[str, Any]) -> str:
    """Return the one line that *given* is refused with."""
    with pytest.raises(StageError) as caught:
        resolved(given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


BLOCKS = {
    "recipe": "recipes.notebook",
    "for_model1": "recipes.notebook.models.model1",
    "model": "models.mine",
    "train": "train",
}


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
    ("block", "changed", "line"),
    [
        ("train", {"epochs": 2.5}, "epochs: should be a whole number, got 2.5"),
        ("train", {"epochs": True}, "epochs: should be a whole number, got true"),
        ("train", {"learning_rate": 0}, "learning_rate: should be greater than 0, got 0"),
        ("train", {"seed": None}, "seed: should be a whole number, got null"),
        ("train", {"seed": -1}, "seed: should be greater than or equal to 0, got -1"),
        ("train", {"threads": "two"}, "threads: should be a whole number, got 'two'"),
        ("train", {"threads": 1025}, "threads: should be less than or equal to 1024, got 1025"),
        (
            *("train", {"precision": "float16"}),
            "precision: should be 'auto', 'float32' or 'bfloat16', got 'float16'",
        ),
        (
            *("train", {"recipe": "notebok"}),
            "recipe: unknown recipe 'notebok'; did you mean 'notebook'? (valid: notebook)",
        ),
        (
            "model",
            {"schedule": "x"},
            "schedule: should be 'constant', 'warm_up' or 'one_cycle', got 'x'",
        ),
        ("model", {"label_smoothing": 1}, "label_smoothing: should be less than 1, got 1"),
        ("model", {"normalize": "yes"}, "normalize: should be true or false, got 'yes'"),
        ("model", {"flip": 1}, "flip: should be true or false, got 1"),
        ("model", {"shift": 1025}, "shift: should be less than or equal to 1024, got 1025"),
        ("model", {"filters": []}, "filters: should have at least one entry, got []"),
        ("model", {"filters": [3, 0]}, "filters.1: should be greater than or equal to 1, got 0"),
        ("model", {"dense": 64}, "dense: should be a list, got 64"),
        (
            *("model", {"filters": [8]}),
            "filters: model1 has 2 convolutions, so give as many numbers, not [8]",
        ),
        (
            *("model", {"architecture": None}),
            "architecture: this key is missing; take one of model1, model2, model3",
        ),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(
    block: str, changed: dict[str, Any], line: str
) -> None:
    assert message(sections(**{block: changed})) == f"params.yaml: {BLOCKS[block]}.{line}"


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
@pytest.mark.parametrize("name", [1, "1a", "../x", "a b", "a/b", "a;b", "it's", "", "-a", "a\n"])
def test_a_name_that_cannot_be_a_file_or_a_stage_is_refused(section: str, name: object) -> None:
    given = sections()
    given[section][name] = {"architecture": "model1"}
    assert message(given) == (
        f"params.yaml: {section}: {name!r} cannot be a name; "
        "take letters, digits, _ and -, a letter first"
    )


@pytest.mark.parametrize("architecture", ["model1", "model2", "model3"])
@pytest.mark.parametrize("recipe", ["first", "notebook", "last"])
def test_every_recipe_is_checked_for_every_architecture_chosen_or_not(
    recipe: str, architecture: str
) -> None:
    given = sections()
    # The model is of model1, the recipe that is chosen stands in the middle.
    complete = given["recipes"]["notebook"]
    given["recipes"] = {name: dict(complete) for name in ("first", "notebook", "last")}
    given["recipes"][recipe]["models"] = {architecture: {"epochs": -1}}
    place = f"recipes.{recipe}.models.{architecture}"
    assert message(given).startswith(f"params.yaml: {place}.epochs: should be greater")


@pytest.mark.parametrize(
    ("section", "content", "line"),
    [
        ("models", {"mine": None}, "models.mine: expected a block of keys, got null"),
        ("models", {}, "models: empty; name at least one"),
        ("recipes", {}, "recipes: empty; name at least one"),
        ("recipes", {"notebook": {}}, "recipes.notebook.epochs: this key is missing"),
        ("train", {}, "train.recipe: this key is missing"),
    ],
)
def test_what_is_missing_is_named(section: str, content: object, line: str) -> None:
    assert message(sections() | {section: content}) == f"params.yaml: {line}"
