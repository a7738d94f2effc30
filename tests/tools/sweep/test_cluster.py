"""Sweeps on a cluster of two nodes, with real kills; the experiments are counted afterwards.

The nodes are processes of this machine, each with a DVC cache of its own: they share by a Git
remote and a DVC remote alone.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import interrupt, is_running, wait_until
from tests.support.sweeps import INTERRUPTED, Nodes, Stubs, ended, stubs, takes_minutes, worker_of

pytestmark = takes_minutes


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


def test_a_trial_whose_worker_is_killed_goes_on_from_its_checkpoint(
    nodes: Nodes, shared: Stubs, tmp_path: Path
) -> None:
    held = shared.hold("model1", 3)
    process = shared.sweep(
        *("--address", nodes.address, "--checkpoints", str(tmp_path)),
        *("--set", "models.model1.epochs=2,3"),
    )
    wait_until(lambda: "begun train model1 3" in shared.notes())
    stub = shared.last_process("begun train model1 3")
    os.kill(worker_of(stub), signal.SIGKILL)
    wait_until(lambda: not is_running(stub), seconds=5)
    wait_until(lambda: "resumed train model1 3" in shared.notes())
    held.unlink()
    code, output = ended(process)
    assert code == 0, output
    assert shared.epochs(2, 3) == [2, 3]
    assert_each_ended_once(shared, 2, 3)
    # What is finished needs no checkpoint, and nobody the clone that was killed.
    assert not [*tmp_path.iterdir(), *nodes.clones.glob("sweep-*")]


def test_what_a_node_takes_with_it_runs_on_another(nodes: Nodes, shared: Stubs) -> None:
    held = shared.hold("model1", 5)
    process = shared.sweep("--address", nodes.address, "--set", "models.model1.epochs=4,5,6")
    wait_until(lambda: "begun train model1 5" in shared.notes())
    stub = shared.last_process("begun train model1 5")
    nodes.remove_node_of(stub)
    wait_until(lambda: not is_running(stub), seconds=5)
    wait_until(lambda: shared.notes()["begun train model1 5"] == 2)
    held.unlink()
    code, output = ended(process)
    assert code == 0, output
    assert shared.epochs(4, 5, 6) == [4, 5, 6]
    assert_each_ended_once(shared, 4, 5, 6)


def test_ctrl_c_ends_what_runs_on_other_nodes(nodes: Nodes, shared: Stubs) -> None:
    held = shared.hold("model1", 7)
    process = shared.sweep("--address", nodes.address, "--set", "models.model1.epochs=7")
    wait_until(lambda: "begun train model1 7" in shared.notes())
    seconds, output = interrupt(process, shared.last_process("begun train model1 7"))
    held.unlink()
    assert seconds < 10
    # Ray itself may have a last word after that.
    assert (process.returncode, INTERRUPTED in output.splitlines()) == (130, True)
    assert shared.epochs(7) == []


def test_from_another_machine_the_results_come_by_the_remotes(
    nodes: Nodes, shared: Stubs, tmp_path: Path
) -> None:
    # One with nothing but the commit, which reaches Ray's client server alone.
    project = shared.project.git_clone(tmp_path / "project")
    elsewhere = Stubs(project, shared.place)
    project.output("git", "remote", "set-url", "origin", str(shared.place.parent / "hub.git"))
    address = f"ray://127.0.0.1:{nodes.client_port}"
    code, output = ended(elsewhere.sweep("--address", address, "--set", "models.model1.epochs=8"))
    assert code == 0, output
    assert_each_ended_once(shared, 8)
    (name,) = project.output("dvc", "exp", "list", "--name-only").split()
    project.output("dvc", "exp", "pull", "origin", name)
    project.output("dvc", "exp", "apply", name)
    assert "'epochs': 8" in (project.folder / "models/model1.keras").read_text()


def assert_each_ended_once(shared: Stubs, *epochs: int) -> None:
    """Check that nothing that trials share, and no training with these *epochs*, ran twice."""
    notes = shared.notes()
    assert [notes["begun fetch  0"], notes["begun preprocess  0"]] == [1, 1]
    assert notes["ended train model2 1"] == 1
    assert [notes[f"ended train model1 {number}"] for number in epochs] == [1] * len(epochs)
