"""What a training runs on: what is recorded of it, its number format, the versions installed."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from dvc.render.converter.vega import get_datapoints

from stages.backend import tf
from stages.train import machine, results
from stages.train.results import Epoch

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


@pytest.mark.parametrize(
    ("content", "name", "flags"),
    [
        (CPUINFO, "Some CPU @ 3 GHz", {"fpu", "sse2", "avx512f", "avx512_bf16"}),
        # ARM, and another system.
        ("processor\t: 0\nFeatures\t: fp asimd bf16\n", "", set()),
        (None, "", set()),
    ],
)
def test_linux_tells_of_its_first_processor(
    tmp_path: Path, content: str | None, name: str, flags: set[str]
) -> None:
    path = tmp_path / "cpuinfo"
    if content is not None:
        path.write_text(content)
    assert (machine.cpuinfo("model name", path), machine.cpu_flags(path)) == (name, flags)


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
    assert found["tensorflow"] == tf.__version__
    assert found["python"] == platform.python_version()
    assert found["instructions"] == "amx_bf16 avx2 avx512_bf16"
    assert found["onednn"] is False
    assert found["variables"] == {"ONEDNN_MAX_CPU_ISA": "ALL"}


@pytest.mark.parametrize("flags", [set(), FLAGS], ids=["none", "all"])
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
    for chosen in ("float32", "bfloat16"):
        assert (machine.resolve(chosen), machine.why_float32(chosen)) == (chosen, "")
    note = machine.why_float32("auto")
    device = "GPU" if capability else "processor"
    # The variable is the reason where the processor is not.
    device += ", without oneDNN," * (not capability and not onednn)
    assert (f"float32, since this {device} has no bfloat16" in note) == (resolved == "float32")
