"""`kill -9` at chosen and random moments of every stage; `dvc repro` then ends with the same bytes.

The moments lie around the openings and renamings of the files that a stage writes; a seeded
generator moves most of them on by a little. See tests/hooks.
"""

import functools
import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.pipeline import Project, clone, finished
from tests.support.processes import HOOKS, TIME_LIMIT, start

SEED = 0
EPOCHS = 5
# How many of the moments below, spread evenly; CI takes all of them.
KILLS = int(os.environ.get("KILLS", "4"))


class Moment(NamedTuple):
    """When to kill: while *stage* runs, at what tests/hooks understands."""

    stage: str
    when: str


def moments() -> Iterator[Moment]:
    """Yield the moments, stage by stage, each in the order in which the stage reaches them."""
    generator = random.Random(SEED)  # noqa: S311 - nothing secret

    def at(stage: str, event: str, path: str, up_to: float = 0, count: int = 1) -> Moment:
        return Moment(stage, f"{event} {path} {count} {generator.uniform(0, up_to):.5f}")

    yield at("fetch", "open", "raw/.partial-images.npy")
    yield at("fetch", "os.rename", "raw/images.npy", 0.005)
    yield at("fetch", "open", "raw/.partial-labels.npy")
    yield at("preprocess", "open", "train/.partial-images.npy", 0.001)
    yield at("preprocess", "os.rename", "train/images.npy")
    yield at("preprocess", "open", "validation/.partial-labels.npy")
    yield at("preprocess", "os.rename", "test/images.npy", 0.005)
    yield at("configure", "open", "settings/.partial-model1.json")
    train = functools.partial(at, "train@model1")
    for _ in range(2):  # while TensorFlow is imported
        yield train("start", "-", 3)
    checkpoint, written = ".checkpoints/.partial-model1.npz", ".checkpoints/model1.npz"
    yield train("open", checkpoint)
    yield train("open", checkpoint, 0.01)
    # However quick the machine is, each of these five is at most one epoch further.
    yield train("os.rename", written, 0.02)
    yield train("open", checkpoint, 0.01)
    yield train("os.rename", written, 0.02)
    yield train("os.rename", written, 0.02)
    yield train("open", "models/.partial-model1.keras")
    yield train("open", "models/.partial-model1.keras", 0.02)
    yield train("os.rename", "models/model1.keras")
    yield train("open", "models/.partial-model1.weights.h5", 0.01)
    yield train("os.rename", "models/model1.weights.h5", 0.01)
    yield train("open", "metrics/history/.partial-model1.csv")
    yield train("os.rename", "metrics/time/model1.json")
    # The stage is done, and DVC has not recorded it yet.
    yield train("os.rename", ".checkpoints/model1.written", 0.05)
    yield at("evaluate@model1", "open", "predictions/.partial-model1.csv", 0.002)
    yield at("evaluate@model1", "os.rename", "evaluate/model1.json", 0.01)


def kill(project: Project, moment: str, *words: str) -> str:
    """Run ``dvc`` and kill it, and the stage it runs, at *moment*; return what it printed."""
    process = start(project, "dvc", *words, variables={"PYTHONPATH": str(HOOKS), "KILL_AT": moment})
    output, _ = process.communicate(timeout=TIME_LIMIT)
    assert process.returncode == -signal.SIGKILL, f"never came: {moment}\n{output}"
    return output


def chosen() -> list[Moment]:
    """Return :data:`KILLS` of the moments, the last one among them."""
    everything = list(moments())
    assert 4 <= KILLS <= len(everything) == 26
    return [everything[(number + 1) * len(everything) // KILLS - 1] for number in range(KILLS)]


def test_killed_at_many_moments_a_run_goes_on_and_ends_with_the_bytes_of_one_never_stopped(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reference = finished(tmp_path_factory)
    project = clone(tmp_path / "project")
    went_on = []
    for moment in chosen():
        output = kill(project, moment.when, "repro", moment.stage)
        went_on += [line for line in output.splitlines() if "going on after epoch" in line]
    project.run("repro", "evaluate@model1")

    numbers = [int(line.split("epoch ")[1].split(",")[0]) for line in went_on]
    assert numbers == sorted(numbers), "no epoch was lost"
    assert numbers[-1] == EPOCHS
    expected, ours = reference.hashes(), project.hashes()
    assert len(ours) > 10
    for path in set(ours) - {"metrics/time/model1.json"}:
        assert ours[path] == expected[path], path
    assert not list(project.folder.rglob(".partial-*"))

    times = json.loads((project.folder / "metrics/time/model1.json").read_text())
    assert times["resumed_after_epochs"] == EPOCHS
    assert [row["epoch"] for row in times["per_epoch"]] == list(range(1, EPOCHS + 1))
    assert times["train_seconds"] == pytest.approx(
        sum(row["seconds"] for row in times["per_epoch"]), abs=0.01
    )


@pytest.mark.parametrize(
    "moment", ["open metrics/.partial-comparison.md 1 0", "os.rename comparison.csv 1 0.002"]
)
def test_killed_comparison_is_made_again(
    moment: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reference = finished(tmp_path_factory)
    project = reference.copy(tmp_path / "copy")
    kill(project, moment, "repro", "--force", "--single-item", "compare")
    project.run("repro")
    assert project.hashes() == reference.hashes()
