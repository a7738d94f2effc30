"""`make repro JOBS=2`: models trained side by side, by real DVC."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.support import pipeline
from tests.support.pipeline import TIME_LIMIT, Project
from tests.support.processes import is_running, start, wait_until

# Stands in for a training: does what {do} says and writes something for every output.
STAGE = """
import sys, time
from pathlib import Path
name = sys.argv[1]
Path(f"{{name}}.started").touch()
{do}
for path in ("models/{{}}.keras", "models/{{}}.weights.h5", "metrics/history/{{}}.csv"):
    Path(path.format(name)).write_text(name)
for kind in ("train", "time"):
    Path(f"metrics/{{kind}}/{{name}}.json").write_text("{{}}")
"""


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Project:
    """Return a copy of the clone whose two models were trained by `make repro JOBS=2`."""
    return pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")


def replace_training(project: Project, do: str) -> None:
    """Have the stand-in take the place of the training."""
    (project.folder / "stages/train/__main__.py").write_text(STAGE.format(do=do))


def test_a_model_trained_beside_another_is_that_of_the_plain_command(project: Project) -> None:
    before = project.hashes()
    project.run("repro", "--force", "--single-item", "train@model2")
    after = project.hashes()
    changed = {path for path in before if after[path] != before[path]}
    assert changed == {"metrics/time/model2.json"}


def test_one_that_fails_leaves_the_others_and_ends_make_with_an_error(project: Project) -> None:
    replace_training(project, 'if name == "model1": sys.exit("out of luck")')
    before = project.hashes()
    # One at a time, so that the second starts after the first has failed.
    done = project.command("make", "repro", "JOBS=1")
    assert done.returncode != 0
    assert done.stdout.count("out of luck") == 1
    after = project.hashes()
    changed = {path for path in after if after[path] != before[path]}
    assert {Path(path).name.partition(".")[0] for path in changed} == {"model2"}


def test_ctrl_c_ends_them_all(project: Project) -> None:
    replace_training(project, "time.sleep(1000)")
    process = start(project, "make", "repro", "JOBS=2")
    wait_until(lambda: len(list(project.folder.glob("*.started"))) == 2)
    started = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=TIME_LIMIT)
    assert process.returncode != 0
    wait_until(lambda: not any(is_running(one.pid) for one in started), 10)
