"""Sweeps on one machine: real Ray, DVC and Git, stubs for stages, and the experiments counted."""

import pytest

from tests.processes import interrupt, is_running, wait_until
from tests.sweeps import Stubs, ended, needs_ray, stubs

pytestmark = needs_ray
# The second attempt finds the checkpoints of the first.
TRIED_AGAIN = {"begun train model1 13": 1, "resumed train model1 13": 1}


@pytest.fixture
def stubbed(tmp_path_factory: pytest.TempPathFactory) -> Stubs:
    return stubs(tmp_path_factory.mktemp("here"))


def test_a_grid_shares_its_work_and_goes_on_after_a_trial_that_fails(stubbed: Stubs) -> None:
    words = ("--cores", "1", "--set", "models.model1.epochs=2,13,3,2")
    code, output = ended(stubbed.sweep(*words))
    assert code == 1
    failed = output[output.index("failed: models.model1.epochs=13 train.threads=1") :]
    assert "    thirteen epochs bring no luck" in failed.splitlines()
    assert "3 of 3 done, 1 failed, best 0.7" in output
    assert stubbed.epochs() == [2, 3]
    once = {
        *("begun fetch  0", "begun preprocess  0", "begun train model2 1", "ended train model2 1"),
        *("begun train model1 2", "ended train model1 2"),
        *("begun train model1 3", "ended train model1 3"),
    }
    assert stubbed.notes() == dict.fromkeys({*once, "begun train model1 13"}, 1)

    # The same command again: what failed is tried once more, the rest is finished.
    code, output = ended(stubbed.sweep(*words))
    assert (code, "3 of 3 done, 1 failed" in output) == (1, True)
    assert stubbed.notes() == {**dict.fromkeys(once, 1), **TRIED_AGAIN}
    assert stubbed.epochs() == [2, 3]

    name = next(word for word in output.split() if word.startswith("sweep-"))
    project = stubbed.project
    listed = project.output("dvc", "exp", "list", "--name-only").split()
    assert len(listed) == 2
    assert name not in listed
    project.output("dvc", "exp", "apply", listed[0])
    assert project.read_params()["models"]["model1"]["epochs"] in {2, 3}
    assert (project.folder / "models/model1.keras").exists()


def test_after_kill_and_ctrl_c_the_same_command_goes_on(stubbed: Stubs) -> None:
    words = ("--cores", "1", "--set", "models.model1.epochs=2,3")
    held = stubbed.hold("model1", 3)
    killed = stubbed.sweep(*words)
    wait_until(lambda: stubbed.epochs() == [2])
    wait_until(lambda: "begun train model1 3" in stubbed.notes())
    killed.kill()
    stub = stubbed.last_process("begun train model1 3")
    wait_until(lambda: not is_running(stub), seconds=10)
    killed.communicate()

    interrupted = stubbed.sweep(*words)
    wait_until(lambda: "resumed train model1 3" in stubbed.notes())
    seconds, output = interrupt(interrupted, stubbed.last_process("resumed train model1 3"))
    assert seconds < 10
    assert interrupted.returncode == 130
    assert output.splitlines()[-1] == (
        "interrupted: what is finished is kept; the same command again goes on"
    )
    assert stubbed.epochs() == [2]

    held.unlink()
    code, output = ended(stubbed.sweep(*words))
    assert code == 0, output
    assert stubbed.epochs() == [2, 3]
    notes = stubbed.notes()
    assert all(notes[f"ended train {which}"] == 1 for which in ("model1 2", "model1 3", "model2 1"))
    assert [notes["begun fetch  0"], notes["begun preprocess  0"]] == [1, 1]
