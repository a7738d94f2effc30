"""What a training runs on: what is recorded of it, its number format, its instructions."""

from typing import Any

import numpy as np
import pytest
from dvc.render.converter.vega import get_datapoints

from stages.backend import keras, tf
from stages.train import machine, results
from stages.train.results import Epoch


def become(
    patch: pytest.MonkeyPatch,
    flags: set[str],
    *,
    onednn: bool = True,
    capability: Any = None,
    **variables: str,
) -> None:
    """Make this process take its processor for another one."""
    for name in machine.VARIABLES:
        patch.delenv(name, raising=False)
    for name, value in variables.items():
        patch.setenv(name, value)
    config: Any = tf.config
    details = {"compute_capability": capability}
    patch.setattr(machine, "cpu_flags", lambda: flags)
    patch.setattr(machine, "onednn", lambda: onednn)
    patch.setattr(config, "list_physical_devices", lambda _: ["GPU:0"] if capability else [])
    patch.setattr(config.experimental, "get_device_details", lambda _: details)


def test_versions_and_instructions_are_those_in_use_and_dvc_plots_the_file_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flags = {"fpu", "avx2", "amx_bf16", "avx512_bf16"}
    become(monkeypatch, flags, onednn=False, ONEDNN_MAX_CPU_ISA="ALL")
    expected: dict[str, Any] = {"instructions": "amx_bf16 avx2 avx512_bf16", "onednn": False}
    expected |= {package.__name__: package.__version__ for package in (keras, np, tf)}
    expected["variables"] = {"ONEDNN_MAX_CPU_ISA": "ALL"}
    assert machine.describe().items() >= expected.items()
    become(monkeypatch, set())
    points = get_datapoints(results.times([Epoch(0.5, 1, 0.5, 1, 2)], 10, 0, machine.describe()))
    assert points == [{"epoch": 1, "seconds": 2}]


FLAGS = {"fpu", "sse4_1", "avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"}


@pytest.mark.parametrize(
    ("flags", "others", "resolved", "apart"),
    [
        ({"avx", "avx2", "avx512f"}, {}, "float32", True),
        # As they always were, to the bit.
        ({"avx", "avx512f", "avx512_vnni"}, {}, "float32", False),
        ({"avx", "avx512f", "avx512_bf16"}, {}, "bfloat16", False),
        ({"avx", "amx_tile", "amx_bf16"}, {}, "bfloat16", False),
        # The instructions are oneDNN's to use.
        ({"avx", "avx512_bf16"}, {"onednn": False}, "float32", False),
        # Held back: a smaller one's instructions.
        (FLAGS, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}, "float32", True),
        (FLAGS, {"DNNL_MAX_CPU_ISA": "avx2_vnni_2"}, "float32", True),
        (FLAGS, {"DNNL_MAX_CPU_ISA": "AVX512_CORE_BF16"}, "bfloat16", False),
        (FLAGS, {"DNNL_MAX_CPU_ISA": "DEFAULT"}, "bfloat16", False),
        # ARM.
        (set(), {}, "float32", False),
        # A GPU decides where there is one.
        ({"avx", "avx512_bf16"}, {"capability": (7, 5)}, "float32", False),
        ({"avx"}, {"capability": (8, 0)}, "bfloat16", False),
    ],
)
def test_hardware_decides_what_auto_is_and_whether_biases_are_summed_apart(
    monkeypatch: pytest.MonkeyPatch, flags: set[str], others: Any, resolved: str, apart: bool
) -> None:
    become(monkeypatch, flags, **others)
    assert machine.resolve("auto") == resolved
    assert machine.sums_biases_apart("float32") == apart
    assert not machine.sums_biases_apart("bfloat16")
    assert bool(machine.why_float32("auto")) == (resolved == "float32")
    assert ("held back" in machine.why_float32("auto")) == (flags is FLAGS and apart)
    for chosen in ("float32", "bfloat16"):
        assert (machine.resolve(chosen), machine.why_float32(chosen)) == (chosen, "")
