"""A dvc.lock that is damaged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stages.common.errors import StageError
from tests import ROOT, pipeline
from tools import lock

ERROR = (
    "error: dvc.lock: damaged, or in conflict; `git restore dvc.lock`, or remove it, then "
    "`make repro`: what DVC's cache holds is not computed again"
)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: text.index("md5: ") + 20],
        # Digits alone are a number for YAML.
        lambda text: text[: text.index("md5: ") + 5] + "123",
        lambda text: text[: text.index("md5: ") + 5],
        lambda text: text[: text.index("md5: ")],
        lambda text: "<<<<<<< HEAD\n" + text,
        lambda text: text.replace("e", "\0"),
    ],
)
def test_damage_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[str], str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lock.check()
    text = (ROOT / "dvc.lock").read_text()
    Path("dvc.lock").write_text(text)
    lock.check()
    Path("dvc.lock").write_text(damage(text))
    with pytest.raises(StageError):
        lock.check()


def test_make_says_what_to_do_and_that_trains_nothing(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    project = pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    whole = project.hashes()
    file = project.folder / "dvc.lock"
    text = file.read_text()
    file.write_text(text[: text.index("md5: ", 5000) + 20])
    for target in ("repro", "verify"):
        said = project.make(target, succeeds=False).output.splitlines()
        assert [line for line in said if not line.startswith("make: ")] == [ERROR]
    file.unlink()
    assert project.make("repro").ran == set()
    assert project.hashes() == whole
