"""What a training runs on: what is recorded of it, its number format, the versions installed."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from stages import settings
from stages.backend import tf
from stages.common.errors import StageError
from stages.common.files import write_json
from stages.train import __main__ as train
from stages.train import machine
from tests import ROOT
from tests.settings_for_tests import training_settings

CPUINFO = """\
processor\t: 0
model\t\t: 2
model name\t: Some CPU @ 3 GHz
flags\t\t: fpu sse2 avx512f avx512_bf16
vmx flags\t: vnmi

processor\t: 1
model name\t: Another
flags\t\t: fpu another
"""


def test_linux_tells_of_its_first_processor(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(CPUINFO)
    assert machine.cpuinfo("model name", path) == "Some CPU @ 3 GHz"
    assert machine.cpu_flags(path) == {"fpu", "sse2", "avx512f", "avx512_bf16"}


def test_a_processor_or_system_that_lists_no_flags_has_none(tmp_path: Path) -> None:
    arm = tmp_path / "cpuinfo"
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd bf16\n")
    assert machine.cpu_flags(arm) == set()
    assert machine.cpu_flags(tmp_path / "absent") == set()


def test_versions_and_instructions_are_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cpu_flags", lambda: {"fpu", "avx2", "amx_bf16", "avx512_bf16"})
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    found = machine.describe()
    assert found["keras"] == keras.__version__
    assert found["numpy"] == np.__version__
    assert found["python"] == platform.python_version()
    assert found["instructions"] == ["amx_bf16", "avx2", "avx512_bf16"]
    assert found["variables"] == {"ONEDNN_MAX_CPU_ISA": "AVX2"}


CORES = """
from stages.backend import make_repeatable
from stages.train import machine
make_repeatable(0)
print(machine.describe()["cores"], machine.describe()["threads"])
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_only_the_cores_that_the_process_may_use_are_used_and_recorded() -> None:
    first = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", CORES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {first}),
    )
    assert done.stdout.split() == ["1", "1"]


@pytest.mark.parametrize(
    ("flags", "capability", "resolved"),
    [
        ({"avx2", "avx512f"}, None, "float32"),
        ({"avx512f", "avx512_bf16"}, None, "bfloat16"),
        ({"amx_tile", "amx_bf16"}, None, "bfloat16"),
        # A GPU decides where there is one.
        ({"avx512_bf16"}, (7, 5), "float32"),
        (set(), (8, 0), "bfloat16"),
        (set(), (9, 0), "bfloat16"),
    ],
)
def test_auto_is_bfloat16_where_the_hardware_computes_in_it(
    monkeypatch: pytest.MonkeyPatch,
    flags: set[str],
    capability: tuple[int, int] | None,
    resolved: str,
) -> None:
    config: Any = tf.config
    gpus = ["GPU:0"] if capability else []
    details = {"compute_capability": capability}
    monkeypatch.setattr(machine, "cpu_flags", lambda: flags)
    monkeypatch.setattr(config, "list_physical_devices", lambda _: gpus)
    monkeypatch.setattr(config.experimental, "get_device_details", lambda _: details)
    assert machine.resolve("auto") == resolved
    assert [machine.resolve(chosen) for chosen in ("float32", "bfloat16")] == [
        "float32",
        "bfloat16",
    ]


@pytest.mark.parametrize("package", ["keras", "numpy", "tensorflow"])
def test_training_stops_where_another_version_is_installed_than_the_settings_are_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.chdir(tmp_path)
    installed = {name: version(name) for name in ("keras", "numpy", "tensorflow")}
    made_with = training_settings(versions=installed | {package: "1.2.3"})
    write_json(settings.path_of("model1"), made_with.model_dump())
    with pytest.raises(StageError) as caught:
        train.main("model1")
    assert str(caught.value) == (
        f"models/settings/model1.json: made with {package} 1.2.3, "
        f"but {installed[package]} is installed: run dvc repro --force configure"
    )


@pytest.mark.parametrize("packages", [(), ("keras", "numpy", "tensorflow")])
def test_settings_of_the_versions_installed_or_of_none_are_trained(
    packages: tuple[str, ...],
) -> None:
    machine.check_versions(Path("a"), {package: version(package) for package in packages})
