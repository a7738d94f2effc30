"""params.yaml: what is read, and the one line that says what is wrong with it."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import modify_yaml, parse_yaml

from stages import params
from stages.common.errors import StageError
from stages.configure.recipes import MODEL_KEYS, RECIPE_KEYS, Train
from stages.params import Data, name_of, read_data
from stages.preprocess.splitting import Split, read_split
from stages.settings import TrainingSettings
from tests import ROOT

VALID: dict[str, dict[str, Any]] = {
    "data": {"dataset": "mnist_784", "sources": ["openml"], "path": None}
    | {"size": None, "limit": None},
    "split": {"test_fraction": 0.25, "validation_fraction": 0, "seed": 0},
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return params.yaml's place in an empty folder that stands for the project's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "params.yaml"


def write(path: Path, **changed: dict[str, Any]) -> None:
    """Write a valid params.yaml but for what is *changed*, by section."""
    sections = {name: VALID.get(name, {}) | changed.get(name, {}) for name in {*VALID, *changed}}
    path.write_text(yaml.safe_dump(sections))


def test_data_and_split_are_read_as_they_stand(path: Path) -> None:
    # A number at OpenML; a fraction of null is the data's own split.
    data, split = {"dataset": 40996, "size": 32, "limit": 300}, {"test_fraction": None, "seed": 7}
    write(path, data=data, split=split)
    assert read_data().model_dump() == VALID["data"] | data
    assert read_split().model_dump() == VALID["split"] | split
    assert name_of(read_data()) == "40996"
    write(path, data={"path": "some/images"})
    assert name_of(read_data()) == "images"


@pytest.mark.parametrize("written", ["010", "0o10", "1e-05", "1_000", ".inf", "on", "~", "1:30"])
def test_a_value_is_what_dvc_takes_it_for(path: Path, written: str) -> None:
    path.write_text(f"data: {written}")
    # Told apart: 1, 1.0 and true.
    assert repr(params.read()) == repr(parse_yaml(path.read_text(), ""))


SECTIONS = "data, split, train, recipes, models"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"data: {}\nsplit: {}\ndata: {}", 'not valid YAML: line 3: found duplicate key "data"$'),
        (b"data: {}\nsplit: [1}\n", "not valid YAML: line 2: "),
        (b"data: \xff", "not valid YAML: 'utf-8' codec can't decode byte 0xff in position 6"),
        (b"data: !!int x", r"not valid YAML: invalid literal for int\(\)"),
        (b"data: \x01", "not valid YAML: .+ control characters are not allowed"),
        *[(content, f"expected the sections {SECTIONS}$") for content in (b"", b"- data", b"data")],
        (None, "not found; run the stages from the project's folder$"),
        (b"modles: {}", r"unknown section 'modles'; did you mean 'models'\? \(valid: data, m"),
        (b"split: {}", "the section 'data' is missing$"),
        (b"data: {}", "data.dataset: this key is missing$"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StageError, match=rf"^params\.yaml: {message}") as caught:
        read_data()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "changed", "line"),
    [
        (
            *("data", {"limits": 5}),
            ": unknown key 'limits'; did you mean 'limit'? "
            "(valid: dataset, limit, path, size, sources)",
        ),
        ("data", {"limit": 0}, ".limit: should be greater than or equal to 1, got 0"),
        ("data", {"size": 4097}, ".size: should be less than or equal to 4096, got 4097"),
        ("data", {"path": 3}, ".path: should be text, got 3"),
        ("data", {"sources": None}, ".sources: should be a list, got null"),
        ("data", {"dataset": True}, ".dataset: should be text or a whole number, got true"),
        ("split", {"test_fraction": "half"}, ".test_fraction: should be a number, got 'half'"),
        ("split", {"test_fraction": 1}, ".test_fraction: should be less than 1, got 1"),
    ],
)
def test_a_wrong_value_or_key_is_told_in_one_line_with_its_place(
    path: Path, section: str, changed: dict[str, Any], line: str
) -> None:
    write(path, **{section: changed})
    with pytest.raises(StageError) as caught:
        {"data": read_data, "split": read_split}[section]()
    assert str(caught.value) == f"params.yaml: {section}{line}"


def test_every_key_of_our_params_yaml_has_its_field_and_every_field_its_key() -> None:
    ours = params.read(ROOT / "params.yaml")
    assert list(ours) == list(params.SECTIONS)
    for name, schema in (("data", Data), ("split", Split), ("train", Train)):
        assert set(ours[name]) == set(schema.model_fields), name
    assert set(ours["recipes"]["notebook"]) == RECIPE_KEYS | {"models"}
    for name, model in ours["models"].items():
        assert set(model) <= MODEL_KEYS | {"architecture"}, name


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


def test_dvc_changes_one_line_of_our_file_for_one_value(path: Path) -> None:
    ours = (ROOT / "params.yaml").read_text(encoding="utf-8")
    path.write_text(ours, encoding="utf-8")
    with modify_yaml(path) as content:  # as `dvc exp run -S train.seed=17` does
        content["train"]["seed"] = 17
    pairs = zip(ours.splitlines(), path.read_text(encoding="utf-8").splitlines(), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == [("  seed: 0", "  seed: 17")]
