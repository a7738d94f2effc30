"""What a node of a sweep does where another process or a network is in its way."""

from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests import ROOT
from tools.sweep.work import TRIES, Clone, Failed, Source, Unreachable, experiment

REMOVED = "ERROR: failed to reproduce 'configure': [Errno 2] No such file or directory: '{}'"
# What another process has removed from the run-cache.
HALF_WRITTEN = REMOVED.format("/home/me/.cache/dvc/runs/b1/b14c/.DPvif.tmp")
OTHER = REMOVED.format("/home/me/project/data/images.tmp")


@pytest.mark.parametrize(
    ("act", "failures", "times", "raised"),
    [
        ("dvc", [HALF_WRITTEN] * 2, 3, None),
        ("dvc", [HALF_WRITTEN] * 9, TRIES, Unreachable),
        # By its settings: not lost, and no use in another try.
        ("dvc", [OTHER] * 9, 1, Failed),
        ("share", ["timed out"] * 2, 3, None),
    ],
)
def test_what_may_go_well_another_time_is_tried_again_with_pauses(
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    failures: list[str],
    times: int,
    raised: type[Failed] | None,
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    run = Mock(side_effect=[*map(Failed, failures), None])
    monkeypatch.setattr(Clone, "run", run)
    with pytest.raises(raised) if raised else nullcontext():
        getattr(Clone(Path(), Source("", "", "", "", remote={"url": "s3://store"})), act)("train")
    assert run.call_count == times
    assert waited == [1, 2, 4, 8][: times - 1]


@pytest.mark.parametrize(("git", "lost"), [("/none", True), (str(ROOT), False)])
def test_a_network_loses_a_trial(monkeypatch: pytest.MonkeyPatch, git: str, lost: bool) -> None:
    ray = pytest.importorskip("ray", reason="not installed: make .venv/.sweep")
    driver = pytest.importorskip("tools.sweep.driver", exc_type=ImportError)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(Failed) as raised:
        experiment(Source(git, "no-such-commit", "", ""), [], "name")
    told = ray.exceptions.RayTaskError("experiment", "Traceback", raised.value)
    monkeypatch.setattr(driver.ray, "get", Mock(side_effect=told))
    driver.conclude(trial := driver.Trial([]), None)
    assert (trial.lines, trial.lost) == (str(raised.value).splitlines(), lost)
