"""Sweeps with real Ray, DVC and Git, real kills, and stubs for stages.

The experiments are counted afterwards: none is missing, and nothing was done twice.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.support.processes import interrupt, is_running, wait_until
from tests.support.sweeps import INTERRUPTED, Nodes, Stubs, ended, stubs, takes_minutes, worker_of

pytestmark = takes_minutes


def assert_each_ended_once(stubbed: Stubs, *epochs: int) -> None:
    """Check that nothing that trials share, and no training with these *epochs*, ran twice."""
    notes = stubbed.notes()
    assert [notes["begun fetch  0"], notes["begun preprocess  0"]] == [1, 1]
    assert notes["ended train model2 1"] == 1
    assert [notes[f"ended train model1 {number}"] for number in epochs] == [1] * len(epochs)


def test_a_search_here_that_is_killed_goes_on_and_tells_what_was_tried_before(
    tmp_path: Path,
) -> None:
    stubbed = stubs(tmp_path)
    project = stubbed.project
    words = ["--cores", "1", "--trials", "3", "--set", "split.validation_fraction=0.2"]
    # One training fails, one waits to be killed.
    words += ["--search", "models.model1.epochs=2,3,13"]
    held = stubbed.hold("model1", 3)
    killed = stubbed.sweep(*words)
    wait_until(lambda: stubbed.epochs() == [2] and "begun train model1 3" in stubbed.notes())
    killed.kill()
    stub = stubbed.last_process("begun train model1 3")
    wait_until(lambda: not is_running(stub), seconds=10)
    killed.communicate()

    held.unlink()
    code, output = ended(stubbed.sweep(*words))
    assert code == 1
    assert "Traceback" not in output
    assert "    thirteen epochs bring no luck" in output.splitlines()
    assert "3 of 3 done, 1 failed, best 0.6250" in output
    # Of 2, 3 and 13 epochs the stub says that 3 are the best that can be.
    settings = "split.validation_fraction=0.2", "train.threads=1", "models.model1.epochs=3"
    assert f"  dvc exp run {' '.join(f'-S {one}' for one in settings)}" in output.splitlines()
    table = pd.read_csv(project.folder / ".dvc/tmp/sweep/trials.csv")
    assert table["models.model1.epochs"].tolist() == [3, 2, 13]
    assert table["note"].tolist()[2] == "thirteen epochs bring no luck"
    assert stubbed.epochs() == [2, 3]
    assert stubbed.notes()["resumed train model1 3"] == 1
    assert_each_ended_once(stubbed, 2, 3)

    listed = project.output("dvc", "exp", "list", "--name-only").split()
    shown = project.make("experiments").output
    assert all(name in shown for name in listed)
    project.output("dvc", "exp", "apply", listed[0])
    epochs = project.read_params()["models"]["model1"]["epochs"]
    assert f"'epochs': {epochs}" in (project.folder / "models/model1.keras").read_text()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    started = Nodes(tmp_path_factory.mktemp("nodes"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Stubs:
    """Return the stubs with the remotes that a cluster needs."""
    folder = tmp_path_factory.mktemp("shared")
    made = stubs(folder)
    project = made.project
    project.output("dvc", "remote", "add", "--default", "store", str(folder / "store"))
    project.commit("A remote")
    project.output("git", "init", "--quiet", "--bare", str(folder / "hub.git"))
    project.output("git", "remote", "add", "origin", str(folder / "hub.git"))
    project.output("git", "push", "--quiet", "origin", "main")
    return made


def test_what_a_worker_and_then_a_node_take_with_them_goes_on_on_another(
    nodes: Nodes, shared: Stubs, tmp_path: Path
) -> None:
    # From a machine with nothing but the commit, which reaches Ray's client server alone.
    project = shared.project.git_clone(tmp_path / "project")
    elsewhere = Stubs(project, shared.place)
    project.output("git", "remote", "set-url", "origin", str(shared.place.parent / "hub.git"))
    checkpoints = tmp_path / "checkpoints"
    held = shared.hold("model1", 3)
    process = elsewhere.sweep(
        *("--address", f"ray://127.0.0.1:{nodes.client_port}", "--checkpoints", str(checkpoints)),
        *("--set", "models.model1.epochs=2,3,4"),
    )
    wait_until(lambda: "begun train model1 3" in shared.notes())
    stub = shared.last_process("begun train model1 3")
    os.kill(worker_of(stub), signal.SIGKILL)
    wait_until(lambda: not is_running(stub), seconds=5)
    wait_until(lambda: "resumed train model1 3" in shared.notes())
    resumed = shared.last_process("resumed train model1 3")
    nodes.remove_node_of(resumed)
    wait_until(lambda: not is_running(resumed), seconds=5)
    wait_until(lambda: shared.notes()["resumed train model1 3"] == 2)
    held.unlink()
    code, output = ended(process)
    assert code == 0, output
    assert elsewhere.epochs() == [2, 3, 4]
    assert_each_ended_once(shared, 2, 3, 4)
    # What is finished needs no checkpoint, and nobody the clones that were killed.
    assert not [*checkpoints.iterdir(), *nodes.clones.glob("sweep-*")]

    (name, *_) = project.output("dvc", "exp", "list", "--name-only").split()
    project.output("dvc", "exp", "pull", "origin", name)
    project.output("dvc", "exp", "apply", name)
    epochs = project.read_params()["models"]["model1"]["epochs"]
    assert f"'epochs': {epochs}" in (project.folder / "models/model1.keras").read_text()


def test_a_cluster_is_left_by_ctrl_c_and_when_its_head_is_gone(nodes: Nodes, shared: Stubs) -> None:
    shared.hold("model1", 7)
    words = ("--set", "models.model1.epochs=7")
    process = shared.sweep("--address", nodes.address, *words)
    wait_until(lambda: "begun train model1 7" in shared.notes())
    seconds, output = interrupt(process, shared.last_process("begun train model1 7"))
    assert seconds < 10
    assert process.returncode == 130
    # Ray itself may have a last word after that.
    assert INTERRUPTED in output.splitlines()
    assert "Traceback" not in output

    process = shared.sweep("--address", f"ray://127.0.0.1:{nodes.client_port}", *words)
    wait_until(lambda: shared.notes()["begun train model1 7"] == 2)
    nodes.remove_head()
    code, output = ended(process)
    assert code == 1
    assert "error: Ray is gone (" in output
    assert shared.epochs() == []
