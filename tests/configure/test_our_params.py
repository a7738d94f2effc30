"""Our params.yaml: every key is one that the code reads, and the code reads every key."""

import ast
from pathlib import Path

from dvc.utils.serialize import modify_yaml

from stages import params
from stages.configure.recipes import MODEL_KEYS, RECIPE_KEYS, Train
from stages.params import Data
from stages.preprocess.splitting import Split
from stages.settings import TrainingSettings
from tests import ROOT


def test_every_key_of_our_params_yaml_has_its_field_and_every_field_its_key() -> None:
    ours = params.read(ROOT / "params.yaml")
    assert list(ours) == list(params.SECTIONS)
    for name, schema in (("data", Data), ("split", Split), ("train", Train)):
        assert set(ours[name]) == set(schema.model_fields), name
        schema.parse(ours[name], name)
    for name, recipe in ours["recipes"].items():
        assert set(recipe) <= RECIPE_KEYS | {"models"}, name
    for name, model in ours["models"].items():
        assert set(model) <= MODEL_KEYS | {"architecture"}, name
    assert set(ours["recipes"]["notebook"]) == RECIPE_KEYS | {"models"}


def test_best_is_accurate_for_more_epochs() -> None:
    recipes = params.read(ROOT / "params.yaml")["recipes"]
    accurate, best = recipes["accurate"], recipes["best"]
    for recipe in (accurate, best):
        del recipe["epochs"], recipe["models"]["model3"]["epochs"]
    assert best == accurate


def test_every_setting_with_a_choice_is_read_by_some_code() -> None:
    holders = {"data", "split", "train", "settings", "chosen"}
    read = {
        node.attr
        for path in (ROOT / "stages").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and getattr(node.value, "id", getattr(node.value, "attr", "")) in holders
    }
    fields = {*Data.model_fields, *Split.model_fields, *TrainingSettings.model_fields}
    assert fields <= read


def test_dvc_changes_one_line_of_the_file_for_one_value(tmp_path: Path) -> None:
    ours = (ROOT / "params.yaml").read_text(encoding="utf-8")
    copy = tmp_path / "params.yaml"
    copy.write_text(ours, encoding="utf-8")
    with modify_yaml(copy) as content:  # as `dvc exp run -S train.seed=17` does
        content["train"]["seed"] = 17
    pairs = zip(ours.splitlines(), copy.read_text(encoding="utf-8").splitlines(), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == [("  seed: 0", "  seed: 17")]
