"""Sweeps with real Ray, DVC and Git, real kills, and stubs for stages.

The experiments are counted afterwards: none is missing, and nothing was done twice.
"""

import json
import os
from pathlib import Path

import pandas as pd
import psutil
import pytest

from tests.support.processes import TIME_LIMIT, interrupt, is_running, wait_until

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from tests.support.sweeps import Nodes, Stubs

pytestmark = pytest.mark.skipif("SWEEPS" not in os.environ, reason="run by `make test-sweeps`")


def assert_each_ended_once(stubs: Stubs, *epochs: int) -> None:
    """Check that nothing that trials share, and no training with these *epochs*, ran twice."""
    once = ["begun fetch  0", "begun preprocess  0", "ended train model2 1"]
    once += [f"ended train model1 {number}" for number in epochs]
    notes = stubs.notes()
    assert [len(notes[one]) for one in once] == [1] * len(once)


def test_a_search_that_is_killed_goes_on_and_tells_what_was_tried_before(tmp_path: Path) -> None:
    stubs = Stubs(tmp_path)
    words = ["--cores", "1", "--trials", "3", "--set", "split.validation_fraction=0.2"]
    # One training fails, one waits to be killed.
    words += ["--search", "models.model1.epochs=2,3,13"]
    held = stubs.hold("model1", 3)
    killed = stubs.sweep(*words)
    wait_until(lambda: stubs.epochs() == [2] and "begun train model1 3" in stubs.notes(), of=killed)
    killed.kill()
    stub = stubs.notes()["begun train model1 3"][-1]
    wait_until(lambda: not is_running(stub), seconds=10)
    killed.communicate()

    held.unlink()
    again = stubs.sweep(*words)
    output, _ = again.communicate(timeout=TIME_LIMIT)
    assert again.returncode == 1
    assert "Traceback" not in output
    assert "    thirteen epochs bring no luck" in output.splitlines()
    assert "3 of 3 done, 1 failed, best 0.6250" in output
    # Of 2, 3 and 13 epochs the stub says that 3 are the best that can be.
    settings = "split.validation_fraction=0.2", "train.threads=1", "models.model1.epochs=3"
    assert f"  dvc exp run {' '.join(f'-S {one}' for one in settings)}" in output.splitlines()
    table = pd.read_csv(stubs.project.folder / ".dvc/tmp/sweep/trials.csv")
    assert table["models.model1.epochs"].tolist() == [3, 2, 13]
    assert table["note"].tolist()[2] == "thirteen epochs bring no luck"
    assert stubs.epochs() == [2, 3]
    assert len(stubs.notes()["resumed train model1 3"]) == 1
    assert_each_ended_once(stubs, 2, 3)

    # A grid with the same settings leaves the experiment as it is.
    commits = stubs.project.output("git", "for-each-ref", "refs/exps")
    grid = "split.validation_fraction=0.2 models.model1.epochs=3"
    output, _ = stubs.sweep("--cores", "1", "--set", grid).communicate(timeout=TIME_LIMIT)
    assert "1 of 1 done, best 0.6250" in output
    assert stubs.project.output("git", "for-each-ref", "refs/exps") == commits


def test_on_a_cluster_what_dies_goes_on_on_another_node_and_ctrl_c_ends_all(tmp_path: Path) -> None:
    stubs = Stubs(tmp_path)
    project = stubs.project
    hub, checkpoints = str(tmp_path / "hub.git"), tmp_path / "checkpoints"
    project.output("dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    project.output("dvc", "push")
    project.commit("A remote")
    project.output("git", "clone", "--quiet", "--bare", "..", hub)
    project.output("git", "remote", "add", "origin", hub)
    nodes = Nodes(tmp_path)
    try:
        # This reaches Ray's client server alone.
        held = stubs.hold("model1", 3)
        process = stubs.sweep(
            *("--address", f"ray://127.0.0.1:{nodes.client_port}"),
            *("--checkpoints", str(checkpoints), "--set", "models.model1.epochs=2,3,4"),
        )
        wait_until(lambda: "begun train model1 3" in stubs.notes(), of=process)
        stub = stubs.notes()["begun train model1 3"][-1]
        started = psutil.Process(stub).parents()
        next(one for one in started if one.cmdline()[0].startswith("ray::")).kill()
        wait_until(lambda: not is_running(stub), seconds=5)
        wait_until(lambda: "resumed train model1 3" in stubs.notes(), of=process)
        resumed = stubs.notes()["resumed train model1 3"][-1]
        nodes.replace_node_of(resumed)
        wait_until(lambda: not is_running(resumed), seconds=5)
        wait_until(lambda: len(stubs.notes()["resumed train model1 3"]) == 2, of=process)
        held.unlink()
        output, _ = process.communicate(timeout=TIME_LIMIT)
        assert process.returncode == 0, output
        assert stubs.epochs() == [2, 3, 4]
        assert_each_ended_once(stubs, 2, 3, 4)
        # What is finished needs no checkpoint, and nobody the clones that were killed.
        assert not [*checkpoints.iterdir(), *nodes.clones.glob("sweep-*")]

        stubs.hold("model1", 7)
        process = stubs.sweep("--address", nodes.cluster.address, "--set", "models.model1.epochs=7")
        wait_until(lambda: "begun train model1 7" in stubs.notes(), of=process)
        seconds, output = interrupt(process, stubs.notes()["begun train model1 7"][-1])
        assert seconds < 10
        assert process.returncode == 130
        # Ray itself may have a last word after that.
        line = "interrupted: what is finished is kept; run the same command again to continue\n"
        assert line in output
        assert "Traceback" not in output
        assert stubs.epochs() == [2, 3, 4]
    finally:
        nodes.cluster.shutdown()

    name = project.output("dvc", "exp", "list", "--name-only").split()[0]
    project.output("dvc", "exp", "pull", "origin", name)
    project.output("dvc", "exp", "apply", name)
    model = json.loads((project.folder / "models/model1.keras").read_text())
    assert model["epochs"] == project.read_params()["models"]["model1"]["epochs"]
