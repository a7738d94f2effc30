"""A dataset that is not known and is another one than dvc.lock records, by real DVC's lock."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.fetch import __main__ as fetch
from stages.fetch.images import Part, labelled
from stages.fetch.sources import openml
from tests.support.handmade import digits
from tests.support.pipeline import environment

PIXELS, LABELS = digits(0, 1, 2, 3)
OTHERS = PIXELS[::-1]
STAGE = {
    "cmd": "python -m stages.fetch",
    "params": [f"data.{key}" for key in ("dataset", "sources", "path", "size")],
    "outs": ["data/raw"],
}
WARNING = (
    "warning: mine is not what it was when dvc.lock was written: "
    "its images, labels or classes differ, and what depends on them runs anew"
)


def test_what_differs_from_dvc_lock_with_the_same_settings_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    def warned(pixels: np.ndarray = PIXELS, labels: np.ndarray = LABELS, **settings: object) -> int:
        data = {"dataset": "mine", "sources": ["openml"], "path": None, "size": None, "limit": None}
        Path("params.yaml").write_text(yaml.safe_dump({"data": data | settings}))
        answer = labelled({"all": Part(pixels, labels, "mine")})
        monkeypatch.setattr(openml, "fetch", lambda _: answer)
        fetch.main()
        return capsys.readouterr().out.splitlines().count(WARNING)

    assert not warned()
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"fetch": STAGE}}))
    for words in (["init", "--no-scm"], ["commit", "--force", "fetch"]):
        subprocess.run(["dvc", *words], env=environment(tmp_path), capture_output=True, check=True)
    assert not warned()
    assert warned(OTHERS)
    assert warned(labels=LABELS[::-1])
    # The names of the classes alone.
    assert warned(labels=np.array(["a", "b", "c", "d"]))
    # Other images were asked for.
    assert not warned(size=14)
    assert not warned(OTHERS, dataset="another")
    # It does not matter who sends them.
    assert not warned(sources=["openml", "keras"])
    assert warned(OTHERS, sources=["openml", "keras"])
    # Nothing is recorded of a fetch.
    Path("dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    assert not warned(OTHERS)
