"""Ctrl-C ends a stage within two seconds, with a line that says how to go on."""

import time

import pytest

from stages.common.interruption import LINE
from tests.support.pipeline import Project
from tests.support.processes import interrupt, start, wait_for_line

SECONDS = 2.0


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished.copy(tmp_path_factory.mktemp("interrupted") / "copy")


@pytest.mark.parametrize("seconds", [0.3, 1.5])
def test_while_tensorflow_is_imported(project: Project, seconds: float) -> None:
    process = start(project, "python", "-m", "stages.train", "model2")
    time.sleep(seconds)
    took, output = interrupt(process, process.pid)
    # On a quick machine the model's layers may have been printed by then.
    assert (process.returncode, output.splitlines()[-1]) == (130, LINE)
    assert "Traceback" not in output
    assert took < SECONDS


# Presses Ctrl-C as a function is called for the n-th time, where the exception would be lost.
PROGRAM = """
import contextlib, importlib, os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored, as in a background
stage, module, name, call = sys.argv[1:]
module = importlib.import_module(module)
function, calls = getattr(module, name), []
def interrupted(*arguments):
    calls.append(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        if len(calls) == int(call):
            os.kill(os.getpid(), signal.SIGINT)
    return function(*arguments)
setattr(module, name, interrupted)
sys.argv = ["", "model2"]
runpy.run_module(f"stages.{stage}", run_name="__main__")
"""


@pytest.mark.parametrize(
    "words",
    [
        "train stages.train.network build 1",
        "train stages.train.trainer count_correct 2",  # the validation's graph
        "evaluate stages.evaluate.model load 1",
    ],
)
def test_at_a_call(project: Project, words: str) -> None:
    before = project.hashes()
    done = project.command("python", "-c", PROGRAM, *words.split())
    assert done.returncode == 130, done.stdout
    assert done.stdout.splitlines()[-1] == LINE
    assert not list(project.folder.rglob(".partial-*"))
    assert project.hashes() == before


def test_while_dvc_trains_and_the_next_run_goes_on(project: Project, finished: Project) -> None:
    process = start(project, "dvc", "repro", "--force", "--single-item", "train@model2")
    wait_for_line(process, "model2: epoch 3/")
    stage = int((project.folder / ".locks/stages.train_model2").read_text())
    took, output = interrupt(process, stage)
    assert process.returncode != 0
    assert LINE in output.splitlines()
    assert "Traceback" not in output
    assert took < SECONDS
    assert not list(project.folder.rglob(".partial-*"))

    # Forced, since DVC's run-cache would give back the files of the run before.
    again = project.run("repro", "--force", "--single-item", "train@model2")
    assert "model2: going on after epoch " in again.output
    ours, expected = project.hashes(), finished.hashes()
    for path in ("models/model2.keras", "metrics/history/model2.csv"):
        assert ours[path] == expected[path]
