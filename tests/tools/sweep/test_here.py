"""A sweep on one machine: real Ray, DVC and Git, stubs for stages, and the experiments counted."""

from pathlib import Path

import pandas as pd

from tests.support.processes import interrupt, is_running, wait_until
from tests.support.sweeps import INTERRUPTED, ended, stubs, takes_minutes

pytestmark = takes_minutes


def test_through_kill_and_ctrl_c_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    stubbed = stubs(tmp_path)
    project = stubbed.project
    # Asked for twice is tried once. One training fails, one waits to be killed.
    words = ("--cores", "1", "--set", "models.model1.epochs=2,13,3,2")
    held = stubbed.hold("model1", 3)
    killed = stubbed.sweep(*words)
    wait_until(lambda: stubbed.epochs() == [2] and "begun train model1 3" in stubbed.notes())
    killed.kill()
    stub = stubbed.last_process("begun train model1 3")
    wait_until(lambda: not is_running(stub), seconds=10)
    killed.communicate()

    interrupted = stubbed.sweep(*words)
    wait_until(lambda: "resumed train model1 3" in stubbed.notes())
    seconds, output = interrupt(interrupted, stubbed.last_process("resumed train model1 3"))
    assert (interrupted.returncode, seconds < 10) == (130, True)
    # Ray itself may have a last word after that.
    assert INTERRUPTED in output.splitlines()
    assert "Traceback" not in output
    assert stubbed.epochs() == [2]

    held.unlink()
    code, output = ended(stubbed.sweep(*words))
    assert code == 1
    failed = output[output.index("failed: models.model1.epochs=13 train.threads=1") :]
    assert "    thirteen epochs bring no luck" in failed.splitlines()
    assert "3 of 3 done, 1 failed, best 0.6250" in output
    assert stubbed.epochs() == [2, 3]
    notes = stubbed.notes()
    # What trials share has run once, and each training that was not stopped.
    once = ("train model2 1", "train model1 2", "train model1 3")
    assert [notes["begun fetch  0"], notes["begun preprocess  0"]] == [1, 1]
    assert [notes[f"ended {training}"] for training in once] == [1, 1, 1]

    listed = project.output("dvc", "exp", "list", "--name-only").split()
    assert len(listed) == 2
    shown = project.make("experiments").output
    assert all(name in shown for name in listed)
    project.output("dvc", "exp", "apply", listed[0])
    epochs = project.read_params()["models"]["model1"]["epochs"]
    assert f"'epochs': {epochs}" in (project.folder / "models/model1.keras").read_text()


def test_a_search_goes_on_and_tells_what_was_tried_before(tmp_path: Path) -> None:
    stubbed = stubs(tmp_path)
    words = ["--cores", "1", "--trials", "3", "--set", "split.validation_fraction=0.2"]
    words += ["--search", "models.model1.epochs=2,3,13"]
    held = stubbed.hold("model1", 3)
    killed = stubbed.sweep(*words)
    wait_until(lambda: stubbed.epochs() == [2] and "begun train model1 3" in stubbed.notes())
    killed.kill()
    stub = stubbed.last_process("begun train model1 3")
    wait_until(lambda: not is_running(stub), seconds=10)
    killed.communicate()
    held.unlink()
    # The second time there is nothing left to run.
    for _ in range(2):
        code, output = ended(stubbed.sweep(*words))
        assert code == 1
        assert "3 of 3 done, 1 failed, best 0.6250" in output
        # Of 2, 3 and 13 epochs the stub says that 3 are the best that can be.
        settings = "split.validation_fraction=0.2", "train.threads=1", "models.model1.epochs=3"
        assert f"  dvc exp run {' '.join(f'-S {one}' for one in settings)}" in output.splitlines()
        table = pd.read_csv(stubbed.project.folder / ".dvc/tmp/sweep/trials.csv")
        assert table["models.model1.epochs"].tolist() == [3, 2, 13]
        assert table["note"].tolist()[2] == "thirteen epochs bring no luck"
        assert stubbed.epochs() == [2, 3]
        notes = stubbed.notes()
        assert [notes[f"ended train model1 {epochs}"] for epochs in (2, 3)] == [1, 1]
