"""Ctrl-C ends a stage within two seconds, with a line that says how to go on."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.pipeline import Project, finished
from tests.support.processes import (
    interrupt,
    is_running,
    process_of,
    start,
    wait_for_line,
    wait_until,
)

LINE = "interrupted: run `dvc repro` again to go on"
SECONDS = 2.0


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return finished(tmp_path_factory).copy(tmp_path_factory.mktemp("interrupted") / "copy")


@pytest.mark.parametrize("seconds", [0.2, 0.7, 1.5, 2.5])
def test_while_tensorflow_is_imported(project: Project, seconds: float) -> None:
    process = start(project, "python", "-m", "stages.train", "model2")
    time.sleep(seconds)
    took, output = interrupt(process, process.pid)
    assert process.returncode == 130
    assert output.splitlines()[-1] == LINE
    assert "Traceback" not in output
    assert took < SECONDS


@pytest.mark.parametrize(
    ("stage", "function", "call"),
    [
        ("train", "stages.train.network.build", 1),
        ("train", "stages.train.trainer.count_correct", 1),  # a training step's graph
        ("train", "stages.train.trainer.count_correct", 2),  # the validation's
        ("evaluate", "stages.evaluate.model.load", 1),
    ],
)
def test_where_the_exception_would_be_swallowed(
    project: Project, stage: str, function: str, call: int
) -> None:
    before = project.hashes()
    code, output = interrupted_in(project, stage, function, call, swallowed="KeyboardInterrupt")
    assert code == 130, output
    assert output.splitlines()[-1] == LINE
    assert project.hashes() == before


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_while_a_file_is_written_nothing_is_left_of_it(project: Project, stage: str) -> None:
    code, output = interrupted_in(project, stage, "os.replace", call=1, swallowed="")
    assert code == 130, output
    assert output.splitlines()[-1] == LINE
    assert not list(project.folder.rglob(".partial-*"))


def interrupted_in(
    project: Project, stage: str, function: str, call: int, swallowed: str
) -> tuple[int, str]:
    """Press Ctrl-C as *function* is called for the n-th time; return exit code and output.

    An exception named *swallowed* that is raised by it goes no further.
    """
    module, _, name = function.rpartition(".")
    program = f"""
import contextlib, importlib, os, runpy, signal, sys
module = importlib.import_module({module!r})
function, calls = module.{name}, []
def interrupted(*arguments):
    calls.append(arguments)
    with contextlib.suppress({swallowed}):
        if len(calls) == {call}:
            os.kill(os.getpid(), signal.SIGINT)
    return function(*arguments)
module.{name} = interrupted
sys.argv = ["", "model2"]
runpy.run_module("stages.{stage}", run_name="__main__")
"""
    process = start(project, "python", "-c", program)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def test_while_training_under_dvc_and_the_next_run_goes_on(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    process = start(project, "dvc", "repro", "--force", "--single-item", "train@model2")
    wait_for_line(process, "model2: epoch 3/")
    took, output = interrupt(process, process_of(project, "stages.train_model2"))
    assert process.returncode != 0
    assert LINE in output.splitlines()
    assert "Traceback" not in output
    assert took < SECONDS
    assert not list(project.folder.rglob(".partial-*"))

    # Forced, since DVC's run-cache would give back the files of the run before.
    again = project.run("repro", "--force", "--single-item", "train@model2")
    assert "model2: going on after epoch " in again.output
    ours, expected = project.hashes(), finished(tmp_path_factory).hashes()
    assert ours["models/model2.keras"] == expected["models/model2.keras"]
    assert ours["metrics/history/model2.csv"] == expected["metrics/history/model2.csv"]


def test_background_process_that_ignores_the_signal_goes_on_ignoring_it(project: Project) -> None:
    program = "import signal, os; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    program += "os.execvp('python', ['python', '-m', 'stages.compare'])"
    process = start(project, "python", "-c", program)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


@pytest.fixture
def training(project: Project) -> Iterator[int]:
    """Start `dvc repro`, kill DVC alone, and give the number of the stage that lives on."""
    process = start(project, "dvc", "repro", "--force", "--single-item", "train@model3")
    wait_for_line(process, "model3: epoch 1/")
    stage = process_of(project, "stages.train_model3")
    process.kill()
    process.wait()
    yield stage
    if process.stdout:
        process.stdout.close()
    wait_until(lambda: not is_running(stage))


def test_stage_that_outlived_dvc_keeps_a_second_one_away(project: Project, training: int) -> None:
    os.kill(training, signal.SIGSTOP)
    try:
        refused = project.run("repro", "--force", "--single-item", "train@model3", succeeds=False)
    finally:
        os.kill(training, signal.SIGCONT)
    assert (
        f"error: `python -m stages.train model3` is already running here (process {training}); "
        "wait for it or stop it"
    ) in refused.output
    os.kill(training, signal.SIGKILL)
    wait_until(lambda: not is_running(training))
    before = project.hashes()
    project.run("repro", "--force", "--single-item", "train@model3")
    after = project.hashes()
    assert {path for path in after if after[path] != before[path]} <= {"metrics/time/model3.json"}


def test_second_repro_says_who_holds_the_lock(project: Project) -> None:
    first = start(project, "dvc", "repro", "--force", "--single-item", "train@model2")
    wait_for_line(first, "model2: epoch 1/")
    second = project.run("repro", "--force", "--single-item", "train@model2", succeeds=False)
    assert f"(PID {first.pid}): " in second.output
    assert "is busy, it is being blocked by" in second.output
    before = project.hashes()
    first.communicate(timeout=60)
    assert first.returncode == 0
    after = project.hashes()
    assert {path for path in after if after[path] != before[path]} <= {"metrics/time/model2.json"}
