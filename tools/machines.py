"""The machine and the versions that numbers come from, in words."""

from collections.abc import Mapping
from typing import Any


def described(machine: Mapping[str, Any]) -> str:
    """Return a machine and its versions in words."""
    instructions = machine.get("instructions", "").split()
    bfloat16 = [name for name in instructions if "bf16" in name]
    widest = bfloat16 or [name for name in ("avx512f", "avx2") if name in instructions][:1]
    names = ", ".join(widest)
    limits = [
        f"{'held back by ' * key.endswith('MAX_CPU_ISA')}{key}={value}"
        for key, value in machine.get("variables", {}).items()
    ]
    limits += [] if machine.get("onednn", True) else ["without oneDNN"]
    limited = " and ".join(limits)
    return (
        f"{machine['cores']} cores of {machine['processor']}"
        f"{f' with {names}' if names else ''}{f' ({limited})' if limited else ''}, "
        f"{machine['system']}, with "
        f"Python {machine['python']}, TensorFlow {machine['tensorflow']} and "
        f"Keras {machine['keras']}"
    )
