"""params.yaml: what is read, and the one line that says what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import params
from stages.common.errors import StageError

VALID: dict[str, dict[str, Any]] = {
    "data": {"dataset": "mnist_784", "sources": ["openml"], "path": None, "limit": None},
    "split": {"test_fraction": 0.25, "validation_fraction": 0, "seed": 0},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that stands for the project's: the stages run in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(project: Path, **changed: dict[str, Any]) -> None:
    """Write a valid params.yaml but for what is *changed*, by section."""
    sections = {name: VALID.get(name, {}) | changed.get(name, {}) for name in {*VALID, *changed}}
    (project / "params.yaml").write_text(yaml.safe_dump(sections))


def test_data_and_split_are_read_as_they_stand(project: Path) -> None:
    write(project, data={"limit": 300}, split={"seed": 7})
    assert params.read_data().model_dump() == VALID["data"] | {"limit": 300}
    assert params.read_split().model_dump() == VALID["split"] | {"seed": 7}


def in_yaml(value: object) -> str:
    """Return *value* as a user reads it in params.yaml; text in quotes."""
    return {"None": "null", "True": "true"}.get(repr(value), repr(value))


@pytest.mark.parametrize("written", ["0.00001", "1e-5", "1e-05", "1.0e-5"])
def test_small_fractions_are_numbers_however_people_and_dvc_write_them(
    project: Path, written: str
) -> None:
    # YAML 1.1 takes 1e-05 for text; `dvc exp run -S` writes it so.
    text = f"split: {{test_fraction: {written}, validation_fraction: 0, seed: 0}}"
    (project / "params.yaml").write_text(text)
    assert params.read_split().test_fraction == 0.00001


def test_unknown_section_is_told_with_the_nearest_and_the_valid_ones(project: Path) -> None:
    write(project, modles={})
    with pytest.raises(StageError) as caught:
        params.read()
    assert str(caught.value) == (
        "params.yaml: unknown section 'modles'; did you mean 'models'? "
        "(valid: data, models, recipes, split, train)"
    )


def test_unknown_key_is_told_with_the_nearest_and_the_valid_ones(project: Path) -> None:
    write(project, data={"limits": 5})
    with pytest.raises(StageError) as caught:
        params.read_data()
    assert str(caught.value) == (
        "params.yaml: data: unknown key 'limits'; did you mean 'limit'? "
        "(valid: dataset, limit, path, sources)"
    )


def test_key_unlike_any_other_is_told_without_a_guess(project: Path) -> None:
    write(project, split={"zzz": 5})
    with pytest.raises(StageError, match=r"unknown key 'zzz' \(valid: seed, test_fraction, "):
        params.read_split()


def test_missing_section_and_missing_key_are_named(project: Path) -> None:
    (project / "params.yaml").write_text("split: {test_fraction: 0.5, validation_fraction: 0}")
    with pytest.raises(StageError, match=r"^params.yaml: split.seed: this key is missing$"):
        params.read_split()
    with pytest.raises(StageError, match=r"^params.yaml: the section 'data' is missing$"):
        params.read_data()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"data: [1, 2", "params.yaml: line 1: not valid YAML: "),
        (b"data:\n\t- 1", "params.yaml: line 2: not valid YAML: "),
        (b"data: \xff", "params.yaml: not UTF-8 text: "),
        (b"data: {}\ndata: {}", "params.yaml: line 2: not valid YAML: the key 'data' stands twice"),
        (b"", "params.yaml: expected the sections data, split, train, recipes, models"),
        (b"- data", "params.yaml: expected the sections data, split, train, recipes, models"),
    ],
)
def test_what_is_no_mapping_in_yaml_is_refused_in_one_line(
    project: Path, content: bytes, message: str
) -> None:
    (project / "params.yaml").write_bytes(content)
    with pytest.raises(StageError) as caught:
        params.read()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_absent_file_is_told_with_where_to_run(project: Path) -> None:
    assert not list(project.iterdir())
    with pytest.raises(StageError, match=r"^params.yaml: not found; run the stages from the proj"):
        params.read()


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        *[("split", "test_fraction", value) for value in (0, 1, -0.1, "half", None, True)],
        *[("split", "validation_fraction", value) for value in (1, -0.1, "none")],
        *[("split", "seed", value) for value in (-1, 2.5, "one", 2**32)],
        *[("data", "limit", value) for value in (0, -1, 2.5, "ten", True)],
        *[("data", "sources", value) for value in ("openml", None)],
        *[("data", "path", value) for value in (3, ["a"])],
        ("data", "dataset", None),
    ],
)
def test_wrong_value_is_told_in_one_line_with_its_place(
    project: Path, section: str, key: str, value: object
) -> None:
    write(project, **{section: {key: value}})
    with pytest.raises(StageError) as caught:
        {"data": params.read_data, "split": params.read_split}[section]()
    assert str(caught.value).startswith(f"params.yaml: {section}.{key}: should be ")
    assert str(caught.value).endswith(f", got {in_yaml(value)}")
