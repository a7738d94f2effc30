"""params.yaml: what is read, and the one line that says what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.serialize import parse_yaml

from stages import params
from stages.common.errors import StageError
from stages.params import read_data
from stages.preprocess.splitting import read_split

VALID: dict[str, dict[str, Any]] = {
    "data": {"dataset": "mnist_784", "sources": ["openml"], "path": None}
    | {"size": None, "limit": None},
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
    # A number at OpenML; a fraction of null is the data's own split.
    data, split = {"dataset": 40996, "size": 32, "limit": 300}, {"test_fraction": None, "seed": 7}
    write(project, data=data, split=split)
    assert read_data().model_dump() == VALID["data"] | data
    assert read_split().model_dump() == VALID["split"] | split


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *[("010", 10), ("09", 9), ("+5", 5), ("0o10", 8), ("0x1F", 31), ("1e-05", 0.00001)],
        *[("1.0e-5", 0.00001), ("5.", 5.0), (".5", 0.5), (".inf", float("inf"))],
        *[("true", True), ("TRUE", True), ("~", None), ("Null", None), ("", None)],
        *[(text, text) for text in ("yes", "no", "on", "off", "y", "1:30", "0o8", "nULL")],
    ],
)
def test_a_value_is_what_dvc_takes_it_for(project: Path, written: str, value: object) -> None:
    text = f"data: {written}"
    (project / "params.yaml").write_text(text)
    # Told apart: 1, 1.0 and true.
    assert repr(params.read()) == repr(parse_yaml(text, "")) == repr({"data": value})


@pytest.mark.parametrize("written", ["1_000", "0b11", "-0x1F", "2026-01-01", "1_0.5"])
def test_what_dvc_alone_takes_for_a_number_is_text_which_settings_refuse(
    project: Path, written: str
) -> None:
    (project / "params.yaml").write_text(f"data: {written}")
    assert params.read() == {"data": written}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"data: {}\nsplit: {}\ndata: {}", "line 3: the key 'data' stands twice"),
        (b"data:\n  a: 1\n  b: 2\n  a: |\n    x\n    y\n", "line 4: the key 'a' stands twice"),
        (b"a:\n  b:\n    c:\n    - {d: 1, d: 2}\n", "line 4: the key 'd' stands twice"),
        (b"data: {}\nsplit: [1}\n", "line 2: "),
        (b"data:\n\t- 1", "line 2: "),
        (b"data: \xff", "'utf-8' codec can't decode byte 0xff in position 6"),
        (b"data: !!int x", "invalid literal for int()"),
    ],
)
def test_what_is_not_yaml_is_told_in_one_line_with_its_place(
    project: Path, content: bytes, message: str
) -> None:
    (project / "params.yaml").write_bytes(content)
    with pytest.raises(StageError) as caught:
        params.read()
    assert str(caught.value).startswith(f"params.yaml: not valid YAML: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "- data", "data"])
def test_what_has_no_sections_is_told_which_there_are(project: Path, content: str) -> None:
    (project / "params.yaml").write_text(content)
    with pytest.raises(StageError) as caught:
        params.read()
    expected = "params.yaml: expected the sections data, split, train, recipes, models"
    assert str(caught.value) == expected


def test_absent_file_is_told_with_where_to_run(project: Path) -> None:
    assert not list(project.iterdir())
    with pytest.raises(StageError, match=r"^params.yaml: not found; run the stages from the proj"):
        params.read()


def test_unknown_section_is_told_with_the_nearest_and_the_valid_ones(project: Path) -> None:
    write(project, modles={})
    with pytest.raises(StageError) as caught:
        params.read()
    assert str(caught.value) == (
        "params.yaml: unknown section 'modles'; did you mean 'models'? "
        "(valid: data, models, recipes, split, train)"
    )


@pytest.mark.parametrize(
    ("key", "told"), [("limits", "'limits'; did you mean 'limit'?"), ("zzz", "'zzz'")]
)
def test_unknown_key_is_told_with_the_nearest_if_any_and_the_valid_ones(
    project: Path, key: str, told: str
) -> None:
    write(project, data={key: 5})
    with pytest.raises(StageError) as caught:
        read_data()
    valid = "(valid: dataset, limit, path, size, sources)"
    assert str(caught.value) == f"params.yaml: data: unknown key {told} {valid}"


def test_missing_section_and_missing_key_are_named(project: Path) -> None:
    (project / "params.yaml").write_text("split: {test_fraction: 0.5, validation_fraction: 0}")
    with pytest.raises(StageError, match=r"^params.yaml: split.seed: this key is missing$"):
        read_split()
    with pytest.raises(StageError, match=r"^params.yaml: the section 'data' is missing$"):
        read_data()


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        *[("split", "test_fraction", value) for value in (0, 1, -0.1, "half", True)],
        *[("split", "validation_fraction", value) for value in (1, -0.1, "none")],
        *[("split", "seed", value) for value in (-1, 2.5, "one", 2**32)],
        *[("data", "limit", value) for value in (0, -1, 2.5, "ten", True)],
        *[("data", "size", value) for value in (0, 4097, 28.5, "28", [28, 28])],
        *[("data", "sources", value) for value in ("openml", None)],
        *[("data", "path", value) for value in (3, ["a"])],
        *[("data", "dataset", value) for value in (None, True, 2.5, ["mnist_784"])],
    ],
)
def test_wrong_value_is_told_in_one_line_with_its_place(
    project: Path, section: str, key: str, value: object
) -> None:
    write(project, **{section: {key: value}})
    with pytest.raises(StageError) as caught:
        {"data": read_data, "split": read_split}[section]()
    assert str(caught.value).startswith(f"params.yaml: {section}.{key}: should be ")
    in_yaml = {"None": "null", "True": "true"}.get(repr(value), repr(value))
    assert str(caught.value).endswith(f", got {in_yaml}")
