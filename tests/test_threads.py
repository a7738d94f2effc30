"""Sharing the cores out: what is written into params.yaml, and when."""

import os
from pathlib import Path

import pytest
import yaml

from stages.common.errors import StageError
from tests import ROOT
from tools.parallel.threads import share, with_threads

OURS = (ROOT / "params.yaml").read_text(encoding="utf-8")


def test_one_line_of_our_params_yaml_changes() -> None:
    null = yaml.safe_load(OURS)
    null["train"]["threads"] = None
    before = OURS.replace(
        f"  threads: {yaml.safe_load(OURS)['train']['threads']}\n", "  threads: null\n"
    )
    after = with_threads(before, 3)
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert changed == {"  threads: null", "  threads: 3"}
    assert yaml.safe_load(after) == null | {"train": null["train"] | {"threads": 3}}


@pytest.mark.parametrize("null", ["", " null", " ~", "  null", " null  # all of them", "  # all"])
def test_null_is_found_however_it_is_written(null: str) -> None:
    # Without a word is how `dvc exp run -S` leaves it.
    train = f"train:  # here\n  seed: 0\n\n# x\n  threads:{null}\n"
    text = f"split:\n  seed: 0\n\n# All\n{train}models: {{}}\n"
    changed = with_threads(text, 2)
    assert yaml.safe_load(changed) == {
        "split": {"seed": 0},
        "train": {"seed": 0, "threads": 2},
        "models": {},
    }
    assert ("# all" in changed) == ("# all" in text)


@pytest.mark.parametrize(
    "text",
    [
        "train: {threads: null}\n",
        "train:\n  seed: 0\n",
        "train:\n  seed: 0\nother:\n  threads: null\n",
        "train:\n  threads: 2\n",
    ],
)
def test_without_a_line_of_its_own_the_user_is_told_what_to_write(text: str) -> None:
    with pytest.raises(StageError) as caught:
        with_threads(text, 2)
    assert str(caught.value) == (
        "params.yaml: train.threads: no line of its own; write `threads: 2` under `train:`"
    )


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where params.yaml is to stand, in an empty folder that is the working one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "params.yaml"


@pytest.mark.parametrize(("cores", "at_once", "threads"), [(2, 3, 1), (8, 3, 2), (8, 2, 4)])
def test_the_cores_are_shared_out(
    params: Path, monkeypatch: pytest.MonkeyPatch, cores: int, at_once: int, threads: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    params.write_text("train:\n  threads: null\n")
    assert share(at_once)
    assert params.read_text() == f"train:\n  threads: {threads}\n"


def test_the_user_is_told_what_was_written(
    params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params.write_text("train:\n  threads: null\n")
    share(1)
    start = f"params.yaml: train.threads was null, is {os.cpu_count()} now: "
    assert capsys.readouterr().out.startswith(start)


def test_a_number_that_is_set_stays(params: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params.write_text("train: {threads: 5}\n")
    assert not share(2)
    assert params.read_text() == "train: {threads: 5}\n"
    assert capsys.readouterr().out == ""
