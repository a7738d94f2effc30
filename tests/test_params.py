"""params.yaml: what is read, and the one line that says what is wrong with it."""

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import parse_yaml

from stages import params
from stages.common.errors import StageError
from stages.params import read_data
from tests import ROOT

DATA = """data: {dataset: mnist_784, sources: [openml], path: images, size: null, limit: null,
  skip_damaged: false}
"""


@pytest.mark.parametrize("written", ["010", "0o10", "1e-05", "1_000", ".inf", "on", "~", "1:30"])
def test_a_value_is_what_dvc_takes_it_for(here: Path, written: str) -> None:
    path = here / "params.yaml"
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
        (DATA.replace("[openml]", "null").encode(), "data.sources: should be a list, got null$"),
        *[
            (DATA.replace("size: null", f"size: {size}").encode(), "data.size: should be a whole n")
            for size in ("0", "true", "4097", "[8]", "[8, 0]", "[8, 8, 3]", "8.5")
        ],
        (DATA.replace("mnist_784", "true").encode(), "data.dataset: should be text or a whole"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    here: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (here / "params.yaml").write_bytes(content)
    with pytest.raises(StageError, match=rf"^params\.yaml: {message}") as caught:
        read_data()
    assert "\n" not in str(caught.value)


def keys(block: dict[str, Any], above: str = "") -> Iterator[str]:
    """Yield the dotted keys of all values in *block*."""
    for name, value in block.items():
        yield from keys(value, f"{above}{name}.") if isinstance(value, dict) else [above + name]


# Keys that take a list; keys of a block.
LISTS = ("data.sources", "data.size", "models.model1.dense", "models.model2.filters")
BLOCKS = ("+models.mine", "+recipes.fast.models.model1", "+recipes.accurate.models.model1")


@pytest.mark.parametrize(
    "word",
    [
        "~models.model3",
        "split.test_fraction=",
        *[f"{key}=7" for key in keys(params.read(ROOT / "params.yaml"))],
        *[f"{key}={value}" for key in LISTS for value in ("[1,2]", "[]")],
        *[f"{key}={{epochs: 3, shift: 2}}" for key in BLOCKS],
        *[f"+{key}=3" for key in ("train.weight_decay", "models.model1.epochs")],
    ],
)
def test_an_experiment_changes_the_lines_of_its_key_alone(tmp_path: Path, word: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes((ROOT / "params.yaml").read_bytes())
    # What one experiment leaves is what the next one finds.
    for now in (word, "train.seed=21", "train.seed=22"):
        before = path.read_text(encoding="utf-8").splitlines()
        apply_overrides(path, [now])
        after = path.read_text(encoding="utf-8").splitlines()
        lost = [line for line in unified_diff(before, after, n=0) if line.startswith("-")][1:]
        assert len(lost) <= (4 if now.startswith("data.sources") else 1), lost
        assert [line for line in before if "#" in line] == [line for line in after if "#" in line]
