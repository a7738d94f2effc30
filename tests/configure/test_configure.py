"""The stage ``configure``: from params.yaml to the files that training depends on."""

import json
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tests import ROOT
from tests.support import declared

MANY = {f"variant{n}": {"architecture": "model2", "filters": [n, n]} for n in range(1, 101)}


def run(folder: Path, models: dict[str, Any]) -> tuple[int, list[str]]:
    """Run the stage on our params.yaml with more *models*; return its exit code and messages.

    Those begin with what it imported.
    """
    params = declared.read("params.yaml")
    params["models"] |= models
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    command = [sys.executable, "-X", "importtime", "-m", "stages.configure"]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, check=False, timeout=60
    )
    return done.returncode, done.stderr.decode().splitlines()


def seconds_of_children() -> float:
    """Return how long processors worked for processes that this one waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_hundred_more_models_take_less_than_three_seconds_and_no_tensorflow(
    tmp_path: Path,
) -> None:
    before = seconds_of_children()
    code, told = run(tmp_path, MANY)
    assert code == 0, told
    # Not of the clock on the wall: others may be at work.
    assert seconds_of_children() - before < 3
    written = {
        path.stem: json.loads(path.read_text()) for path in tmp_path.glob("models/settings/*")
    }
    assert set(written) == {*MANY, "model1", "model2", "model3"}
    assert written["variant42"]["filters"] == [42, 42]
    packages = ("keras", "numpy", "tensorflow")
    assert written["model1"]["versions"] == {name: version(name) for name in packages}
    imported = {line.split("|")[2].strip().split(".")[0] for line in told}
    assert "pydantic" in imported
    assert not imported & {"keras", "tensorflow"}


def test_a_mistake_among_a_hundred_models_is_told_with_its_block_before_any_is_written(
    tmp_path: Path,
) -> None:
    code, told = run(tmp_path, MANY | {"variant57": {"architecture": "model2", "epochs": 0}})
    assert code == 1
    assert told[-1] == (
        "error: params.yaml: models.variant57.epochs: should be greater than or equal to 1, got 0"
    )
    assert not (tmp_path / "models").exists()
