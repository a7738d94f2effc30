"""A dataset that is not known and is another one than dvc.lock records, by real DVC's lock."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stages.fetch import __main__ as fetch
from stages.fetch.images import Part, labelled
from stages.fetch.sources import openml
from tests.support.handmade import digits
from tests.support.pipeline import environment

PIXELS, LABELS = digits(0, 1, 2, 3)
PARAMS = {"dataset": "mine", "sources": ["openml"], "path": None, "size": None, "limit": None}
STAGE = {
    "cmd": "python -m stages.fetch",
    "params": [f"data.{key}" for key in ("dataset", "sources", "path", "size")],
    "outs": ["data/raw"],
}
WARNING = (
    "warning: mine is not what it was when dvc.lock was written: "
    "its images, labels or classes differ, and what depends on them runs anew"
)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def run(pixels: np.ndarray = PIXELS, labels: np.ndarray = LABELS, **settings: object) -> None:
    """Fetch these images, in this folder, from a stand-in for OpenML."""
    Path("params.yaml").write_text(yaml.safe_dump({"data": PARAMS | settings}))
    with pytest.MonkeyPatch.context() as patch:
        answer = labelled({"all": Part(pixels, labels, "mine")})
        patch.setattr(openml, "fetch", lambda _: answer)
        fetch.main()


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give the dvc.lock that DVC writes of a fetch."""
    folder = tmp_path_factory.mktemp("dvc")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run()
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"fetch": STAGE}}))
    for words in (["init", "--no-scm"], ["commit", "--force", "fetch"]):
        subprocess.run(
            ["dvc", *words], cwd=folder, env=environment(folder), capture_output=True, check=True
        )
    return (folder / "dvc.lock").read_bytes()


@pytest.mark.parametrize(
    ("changed", "warned"),
    [
        ({}, False),
        ({"pixels": PIXELS[::-1]}, True),
        ({"labels": LABELS[::-1]}, True),
        # The names of the classes alone.
        ({"labels": np.array(["a", "b", "c", "d"])}, True),
        # Other images were asked for.
        ({"size": 14}, False),
        ({"pixels": PIXELS[::-1], "dataset": "another"}, False),
        # It does not matter who sends them.
        ({"sources": ["openml", "keras"]}, False),
        ({"pixels": PIXELS[::-1], "sources": ["openml", "keras"]}, True),
    ],
)
def test_what_differs_from_dvc_lock_with_the_same_settings_is_told(
    capsys: pytest.CaptureFixture[str], lock: bytes, changed: dict[str, Any], warned: bool
) -> None:
    Path("dvc.lock").write_bytes(lock)
    run(**changed)
    assert capsys.readouterr().out.splitlines()[2:] == [WARNING] * warned


@pytest.mark.parametrize("content", [None, b"schema: '2.0'\nstages: {}\n"], ids=["none", "empty"])
def test_without_a_fetch_in_dvc_lock_nothing_is_told(
    capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    if content is not None:
        Path("dvc.lock").write_bytes(content)
    run()
    assert len(capsys.readouterr().out.splitlines()) == 2
