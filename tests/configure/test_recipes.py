"""From the blocks of params.yaml to each model's settings, or the line that says what is wrong."""

from typing import Any

import pytest

from stages.common.errors import StageError
from stages.configure.recipes import resolve
from tests.support import declared
from tests.support.settings import DEFAULTS, TRAIN, resolved

BLOCKS = ["recipes.notebook", "recipes.notebook.models.model1", "models.mine", "train"]


def test_the_later_of_two_blocks_counts_and_null_leaves_what_was() -> None:
    values: dict[str, Any] = {}
    for number, block in enumerate(BLOCKS, start=1):
        values[f"{block}.epochs"] = number
        assert resolved(values).epochs == number
    values["train.epochs"] = None
    assert resolved(values).epochs == 3
    assert resolved(values | {"models.mine": {"architecture": "model2"}}).epochs == 1


def test_a_models_own_sizes_and_what_train_alone_sets_arrive() -> None:
    sizes = {"filters": [3, 4], "dense": []}
    train = {"recipe": "notebook", "seed": 9, "precision": "bfloat16", "threads": 3}
    found = resolved({"models.mine": {"architecture": "model1"} | sizes, "train": train})
    assert found.model_dump().items() >= (sizes | train).items()


def test_the_notebooks_settings_come_out_of_our_params_yaml() -> None:
    given = declared.read("params.yaml") | {"train": TRAIN}
    found = {name: each.model_dump() for name, each in resolve(given, {}).items()}
    # Keras's defaults, images as they are, each architecture's own sizes.
    for_all = DEFAULTS | TRAIN | {"filters": None, "dense": None, "threads": None}
    assert found == {
        "model1": for_all | {"architecture": "model1", "epochs": 5, "batch_size": 2000},
        "model2": for_all | {"architecture": "model2", "epochs": 10, "batch_size": 1000},
        "model3": for_all | {"architecture": "model3", "epochs": 10, "batch_size": 2000},
    }


ARCHITECTURE = "unknown architecture 'model_1'; did you mean 'model1'? (valid: model1, model2, m"
BLOCK = "expected a block of keys, got null"


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        *[(f"{block}.epochs", 0, f"{block}.epochs: should be greater than") for block in BLOCKS],
        *[
            (f"{block}.bach_size", 1, f"{block}: unknown key 'bach_size'; did you mean 'batch_s")
            for block in BLOCKS
        ],
        ("train.epochs", 2.5, "train.epochs: should be a whole number, got 2.5"),
        ("train.seed", None, "train.seed: should be a whole number, got null"),
        ("train.recipe", "notebok", "train.recipe: unknown recipe 'notebok'; did you mean 'noteb"),
        ("train", {}, "train.recipe: this key is missing"),
        ("train", None, f"train: {BLOCK}"),
        ("models.mine.normalize", "yes", "models.mine.normalize: should be true or false, got 'y"),
        ("models.mine.filters", [], "models.mine.filters: should have at least one entry, got []"),
        ("models.mine.filters", [8], "models.mine.filters: model1 has 2 convolutions, so give as"),
        ("models.mine.architecture", None, "models.mine.architecture: this key is missing; take"),
        ("models.mine.architecture", "model_1", f"models.mine: {ARCHITECTURE}"),
        ("models.mine.seed", 1, "models.mine: unknown key 'seed'"),
        ("models.mine.versions", 1, "models.mine: unknown key 'versions'"),
        ("models.mine", None, f"models.mine: {BLOCK}"),
        ("models", {}, "models: empty; name at least one"),
        ("recipes.notebook.models.model_1", {}, f"recipes.notebook.models: {ARCHITECTURE}"),
        # Of an architecture that is not in use, and of a recipe that is not chosen.
        ("recipes.notebook.models.model3.zoom", 9, "recipes.notebook.models.model3.zoom: should"),
        ("recipes.other.zoom", 9, "recipes.other.epochs: this key is missing"),
        *[
            (section, {name: {}}, f"{section}: {name!r} cannot be a name; take letters, digits, _")
            for section in ("models", "recipes")
            for name in (1, "1a", "../x", "it's", "", "a\n")
        ],
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(place: str, value: object, told: str) -> None:
    with pytest.raises(StageError) as caught:
        resolved({place: value})
    assert str(caught.value).startswith(f"params.yaml: {told}")
    assert "\n" not in str(caught.value)
