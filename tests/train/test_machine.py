"""What a training runs on: what is recorded of it, its number format, the versions installed."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from dvc.render.converter.vega import get_datapoints

from stages import settings
from stages.backend import tf
from stages.common.errors import StageError
from stages.common.files import write_json
from stages.train import __main__ as train
from stages.train import machine, results
from stages.train.results import Epoch
from tests import ROOT
from tests.support.settings import training_settings

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


FLAGS = {"fpu", "sse4_1", "avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"}


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give the function that makes this process take its processor for another one."""
    for name in machine.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    config: Any = tf.config

    def become(
        flags: set[str], *, onednn: bool = True, capability: tuple[int, int] | None = None
    ) -> None:
        details = {"compute_capability": capability}
        gpus = ["GPU:0"] if capability else []
        monkeypatch.setattr(machine, "cpu_flags", lambda: flags)
        monkeypatch.setattr(machine, "onednn", lambda: onednn)
        monkeypatch.setattr(config, "list_physical_devices", lambda _: gpus)
        monkeypatch.setattr(config.experimental, "get_device_details", lambda _: details)

    return become


def test_versions_and_instructions_are_those_in_use(
    processor: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    processor({"fpu", "avx2", "amx_bf16", "avx512_bf16"}, onednn=False)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "ALL")
    found = machine.describe()
    assert found["keras"] == keras.__version__
    assert found["numpy"] == np.__version__
    assert found["python"] == platform.python_version()
    assert found["instructions"] == "amx_bf16 avx2 avx512_bf16"
    assert found["onednn"] is False
    assert found["variables"] == {"ONEDNN_MAX_CPU_ISA": "ALL"}


@pytest.mark.parametrize("flags", [set(), {"avx2"}, FLAGS], ids=["none", "avx2", "all"])
def test_whatever_the_processor_dvc_plots_the_file_that_describes_it(
    processor: Callable[..., None], flags: set[str]
) -> None:
    processor(flags)
    epochs = [Epoch(0.5, 1.0, 0.5, 1.0, seconds) for seconds in (2.0, 1.0)]
    points = get_datapoints(results.times(epochs, 10, 0, machine.describe()))
    assert points == [{"epoch": 1, "seconds": 2.0}, {"epoch": 2, "seconds": 1.0}]


@pytest.mark.parametrize("variable", machine.LIMITS)
@pytest.mark.parametrize(
    ("limit", "left"),
    [
        ("AVX2", {"sse4_1", "avx", "avx2"}),
        ("AVX2_VNNI_2", {"sse4_1", "avx", "avx2"}),
        ("avx512_core", {"sse4_1", "avx", "avx2", "avx512f"}),
        ("AVX512_CORE_BF16", FLAGS - {"fpu", "amx_bf16"}),
        ("DEFAULT", FLAGS - {"fpu"}),
    ],
)
def test_a_processor_that_is_held_back_has_the_instructions_of_a_smaller_one(
    processor: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    limit: str,
    left: set[str],
) -> None:
    processor(FLAGS)
    monkeypatch.setenv(machine.LIMITS[0], "")
    monkeypatch.setenv(variable, limit)
    assert machine.instructions() == left
    assert machine.resolve("auto") == ("bfloat16" if "avx512_bf16" in left else "float32")


@pytest.mark.parametrize(
    ("flags", "apart"),
    [
        ({"avx", "avx2"}, True),
        ({"avx", "avx2", "avx_vnni"}, True),
        ({"avx", "avx2", "avx512f"}, True),
        # As they always were, to the bit.
        ({"avx", "avx2", "avx512f", "avx512_vnni"}, False),
        (FLAGS, False),
        # ARM.
        (set(), False),
    ],
)
def test_biases_are_summed_apart_in_float32_with_onednn_on_smaller_processors(
    processor: Callable[..., None], flags: set[str], apart: bool
) -> None:
    processor(flags)
    assert machine.sums_biases_apart("float32") == apart
    assert not machine.sums_biases_apart("bfloat16")
    processor(flags, onednn=False)
    assert not machine.sums_biases_apart("float32")
    processor(flags, capability=(8, 0))
    assert not machine.sums_biases_apart("float32")


ONEDNN = "from stages.backend import tf; from stages.train import machine; print(machine.onednn())"


ON_X86_64_LINUX = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="TensorFlow decides here"
)


def printed(script: str, *words: str, **variables: str) -> str:
    """Return what a process prints in which nobody has said anything of oneDNN but *variables*."""
    others = {key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(
        command, cwd=ROOT, env=others | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@ON_X86_64_LINUX
def test_onednn_is_on_unless_the_user_turned_it_off_and_recorded_as_it_was_computed() -> None:
    assert printed(ONEDNN) == "True"
    assert printed(ONEDNN, TF_ENABLE_ONEDNN_OPTS="0") == "False"


# Says what is set when Keras or TensorFlow is about to be imported, and goes no further.
FIRST_IMPORT = """
import importlib, os, sys
class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name in ("keras", "tensorflow"):
            print(os.environ.get("TF_ENABLE_ONEDNN_OPTS"), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Finder)
importlib.import_module(sys.argv[1])
"""


@ON_X86_64_LINUX
@pytest.mark.parametrize(
    "module",
    [
        *(f"stages.train.{path.stem}" for path in (ROOT / "stages/train").glob("[a-z]*.py")),
        *("stages.train.__main__", "stages.evaluate.__main__", "tools.predict.models"),
        *("tools.export.formats", "benchmarks.steps", "benchmarks.peak"),
    ],
)
def test_onednn_is_on_before_anything_of_ours_imports_tensorflow(module: str) -> None:
    assert printed(FIRST_IMPORT, module) in ("1", "")


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
    ("flags", "onednn", "capability", "resolved"),
    [
        ({"avx2", "avx512f"}, True, None, "float32"),
        ({"avx512f", "avx512_bf16"}, True, None, "bfloat16"),
        ({"amx_tile", "amx_bf16"}, True, None, "bfloat16"),
        # The instructions are oneDNN's to use.
        ({"avx512f", "avx512_bf16"}, False, None, "float32"),
        # A GPU decides where there is one.
        ({"avx512_bf16"}, True, (7, 5), "float32"),
        (set(), True, (8, 0), "bfloat16"),
        (set(), False, (9, 0), "bfloat16"),
    ],
)
def test_auto_is_bfloat16_where_the_hardware_computes_in_it(
    processor: Callable[..., None],
    flags: set[str],
    onednn: bool,
    capability: tuple[int, int] | None,
    resolved: str,
) -> None:
    processor(flags, onednn=onednn, capability=capability)
    assert machine.resolve("auto") == resolved
    assert [machine.resolve(chosen) for chosen in ("float32", "bfloat16")] == [
        "float32",
        "bfloat16",
    ]
    note = machine.why_float32("auto")
    device = "GPU" if capability else "processor"
    # The variable is the reason where the processor is not.
    device += ", without oneDNN," * (not capability and not onednn)
    assert (f"float32, since this {device} has no bfloat16" in note) == (resolved == "float32")
    assert machine.why_float32("float32") == machine.why_float32("bfloat16") == ""


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
