"""A machine in words."""

from typing import Any

import pytest

from tools.machines import described


@pytest.mark.parametrize(
    ("machine", "named"),
    [
        ({"instructions": "avx avx2 avx512_bf16 avx512f"}, " with avx512_bf16, Linux"),
        ({"instructions": "avx avx2", "onednn": True}, " with avx2, Linux"),
        (
            {"instructions": "avx2", "variables": {"ONEDNN_MAX_CPU_ISA": "AVX2"}},
            " with avx2 (held back by ONEDNN_MAX_CPU_ISA=AVX2), Linux",
        ),
        ({"onednn": False, "variables": {"A": "b"}}, " (A=b and without oneDNN), Linux"),
    ],
)
def test_a_machine_is_named_with_what_it_computes_with(machine: dict[str, Any], named: str) -> None:
    machine = {"cores": 2, "processor": "a processor", "system": "Linux"} | machine
    machine |= {"python": "3.11", "tensorflow": "2.21", "keras": "3.15"}
    versions = "with Python 3.11, TensorFlow 2.21 and Keras 3.15"
    assert described(machine) == f"2 cores of a processor{named}, {versions}"
