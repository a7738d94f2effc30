"""Which number format a machine computes in."""

from pathlib import Path
from typing import Any

import pytest

from stages.backend import tf
from stages.train import machine as precision

CPUINFO = """\
processor\t: 0
model name\t: Some Processor
flags\t\t: fpu sse2 avx512f avx512_bf16
vmx flags\t: vnmi

processor\t: 1
flags\t\t: fpu another
"""


def machine(
    monkeypatch: pytest.MonkeyPatch,
    flags: set[str],
    capability: tuple[int, int] | None = None,
) -> None:
    """Let this machine have a processor with *flags*, and a GPU if it has a *capability*."""
    config: Any = tf.config
    gpus = [] if capability is None else ["GPU:0"]
    monkeypatch.setattr(precision, "cpu_flags", lambda: flags)
    monkeypatch.setattr(config, "list_physical_devices", lambda _: gpus)
    details = {"compute_capability": capability}
    monkeypatch.setattr(config.experimental, "get_device_details", lambda _: details)


@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
@pytest.mark.parametrize("flags", [set(), {"avx512_bf16"}])
def test_chosen_precision_holds_on_every_machine(
    monkeypatch: pytest.MonkeyPatch, chosen: str, flags: set[str]
) -> None:
    machine(monkeypatch, flags)
    assert precision.resolve(chosen) == chosen


@pytest.mark.parametrize(
    ("flags", "resolved"),
    [
        ({"avx2", "avx512f"}, "float32"),
        ({"avx512f", "avx512_bf16"}, "bfloat16"),
        ({"amx_tile", "amx_bf16"}, "bfloat16"),
        (set(), "float32"),
    ],
)
def test_auto_is_bfloat16_where_the_processor_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, flags: set[str], resolved: str
) -> None:
    machine(monkeypatch, flags)
    assert precision.resolve("auto") == resolved


@pytest.mark.parametrize(
    ("capability", "resolved"), [((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")]
)
def test_auto_asks_the_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], resolved: str
) -> None:
    machine(monkeypatch, {"avx512_bf16"}, capability)
    assert precision.resolve("auto") == resolved


def test_flags_are_those_of_the_first_processor(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(CPUINFO)
    assert precision.cpu_flags(path) == {"fpu", "sse2", "avx512f", "avx512_bf16"}


@pytest.mark.parametrize("content", ["", "processor\t: 0\nFeatures\t: fp asimd bf16\n"])
def test_processor_that_lists_no_flags_has_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(content)
    assert precision.cpu_flags(path) == set()


def test_system_that_lists_no_processors_has_no_flags(tmp_path: Path) -> None:
    assert precision.cpu_flags(tmp_path / "absent") == set()
