"""`make repro JOBS=2`: models trained side by side, by real DVC."""

import json
import os
import signal

import psutil

from tests.support.pipeline import TIME_LIMIT, Project
from tests.support.processes import is_running, start, wait_until


def put_before_training(project: Project, do: str) -> None:
    """Have each training do something before anything else."""
    file = project.folder / "stages/train/__main__.py"
    file.write_text(f"import sys, time\nfrom pathlib import Path\n{do}\n{file.read_text()}")


def test_one_that_fails_leaves_the_others_and_ends_make_with_an_error(project: Project) -> None:
    put_before_training(project, 'if "model1" in sys.argv: sys.exit("out of luck")')
    # One at a time, so that the second starts after the first has failed.
    run = project.make("repro", "JOBS=1", succeeds=False)
    assert run.output.count("out of luck") == 1
    assert run.ran == {"train@model1", "train@model2"}
    changed = json.loads(project.output("dvc", "status", "--json")).keys()
    assert changed & run.ran == {"train@model1"}


def test_ctrl_c_ends_them_all(project: Project) -> None:
    put_before_training(project, "Path(sys.argv[1]).touch(); time.sleep(1000)")
    process = start(project, "make", "repro", "JOBS=2")
    wait_until(lambda: len(list(project.folder.glob("model[12]"))) == 2)
    started = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=TIME_LIMIT)
    assert process.returncode != 0
    wait_until(lambda: not any(is_running(one.pid) for one in started), 10)
