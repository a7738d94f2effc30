"""Which number format this machine computes in fastest without emulating it."""

from pathlib import Path

import tensorflow as tf

CPUINFO = Path("/proc/cpuinfo")
CPU_FLAGS = {"avx512_bf16", "amx_bf16"}
GPU_CAPABILITY = (8, 0)


def resolve(precision: str) -> str:
    """Return ``float32`` or ``bfloat16``; ``auto`` is bfloat16 where the hardware has it.

    bfloat16 elsewhere is emulated and many times slower than float32
    (https://github.com/tensorflow/tensorflow/issues/45441).
    """
    if precision != "auto":
        return precision
    return "bfloat16" if _hardware_bfloat16() else "float32"


def _hardware_bfloat16() -> bool:
    """Tell whether the device TensorFlow will use computes in bfloat16."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return bool(details.get("compute_capability", (0, 0)) >= GPU_CAPABILITY)
    return bool(CPU_FLAGS & cpu_flags())


def cpu_flags(path: Path = CPUINFO) -> set[str]:
    """Return the instruction-set flags of the first processor; none where Linux does not say."""
    return set(cpuinfo("flags", path).split())


def cpuinfo(key: str, path: Path = CPUINFO) -> str:
    """Return what Linux says under *key* of the first processor; nothing on other systems."""
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""
