"""params.yaml: what is read, and the one line that says what is wrong with it."""

from pathlib import Path

import pytest
from dvc.utils.serialize import modify_yaml, parse_yaml

from stages import params
from stages.common.errors import StageError
from stages.params import name_of, read_data
from stages.preprocess.splitting import read_split
from tests import ROOT

DATA = "data: {dataset: mnist_784, sources: [openml], path: null, size: null, limit: null}\n"
SPLIT = "split: {test_fraction: null, validation_fraction: 0, seed: 7}\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return params.yaml's place in an empty folder that stands for the project's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "params.yaml"


def test_data_and_split_are_read_as_they_stand(path: Path) -> None:
    path.write_text(DATA + SPLIT)
    expected = {"dataset": "mnist_784", "sources": ["openml"]}
    assert read_data().model_dump(exclude_none=True) == expected
    assert read_split().model_dump() == {"test_fraction": None, "validation_fraction": 0, "seed": 7}
    # A number at OpenML.
    path.write_text(DATA.replace("mnist_784", "40996"))
    assert name_of(read_data()) == "40996"
    path.write_text(DATA.replace("path: null", "path: some/images"))
    assert name_of(read_data()) == "images"


@pytest.mark.parametrize("written", ["010", "0o10", "1e-05", "1_000", ".inf", "on", "~", "1:30"])
def test_a_value_is_what_dvc_takes_it_for(path: Path, written: str) -> None:
    path.write_text(f"data: {written}")
    # Told apart: 1, 1.0 and true.
    assert repr(params.read()) == repr(parse_yaml(path.read_text(), ""))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"data: {}\nsplit: {}\ndata: {}", 'not valid YAML: line 3: found duplicate key "data"$'),
        (b"data: {}\nsplit: [1}\n", "not valid YAML: line 2: "),
        (b"data: \xff", "not valid YAML: 'utf-8' codec can't decode byte 0xff in position 6"),
        (b"data: !!int x", r"not valid YAML: invalid literal for int\(\)"),
        (b"data: \x01", "not valid YAML: .+ control characters are not allowed"),
        *[(content, "expected the sections data, split, train, ") for content in (b"", b"- data")],
        (None, "not found; run the stages from the project's folder$"),
        (b"modles: {}", r"unknown section 'modles'; did you mean 'models'\? \(valid: data, m"),
        (b"split: {}", "the section 'data' is missing$"),
        (b"data: {}", "data.dataset: this key is missing$"),
        (DATA.replace("limit: null", "limit: 0").encode(), "data.limit: should be greater than o"),
        (DATA.replace("path: null", "path: 3").encode(), "data.path: should be text, got 3$"),
        (DATA.replace("[openml]", "null").encode(), "data.sources: should be a list, got null$"),
        (
            DATA.replace("mnist_784", "true").encode(),
            "data.dataset: should be text or a whole numb",
        ),
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


def test_dvc_changes_one_line_of_our_file_for_one_value(path: Path) -> None:
    ours = (ROOT / "params.yaml").read_text(encoding="utf-8")
    path.write_text(ours, encoding="utf-8")
    with modify_yaml(path) as content:  # as `dvc exp run -S train.seed=17` does
        content["train"]["seed"] = 17
    pairs = zip(ours.splitlines(), path.read_text(encoding="utf-8").splitlines(), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == [("  seed: 0", "  seed: 17")]
