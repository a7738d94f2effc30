"""What a training runs on: its time depends on all of it, the bits of its result on most."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from stages.backend import cores
from stages.common.errors import StageError

CPUINFO = Path("/proc/cpuinfo")
CPU_FLAGS = {"avx512_bf16", "amx_bf16"}
# What oneDNN chooses its kernels by, and so the bits of a result:
# https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
INSTRUCTIONS = CPU_FLAGS | {
    *("sse4_1", "avx", "avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_fp16"),
    *("amx_tile", "amx_int8", "amx_fp16"),
}
VARIABLES = (
    *("TF_ENABLE_ONEDNN_OPTS", "TF_SET_ONEDNN_FPMATH_MODE", "ONEDNN_DEFAULT_FPMATH_MODE"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_CPU_ISA_HINTS"),
)
GPU_CAPABILITY = (8, 0)


def describe() -> dict[str, Any]:
    """Return the processor, what of it is used, and the versions in use."""
    return {
        "processor": cpuinfo("model name") or platform.processor() or platform.machine(),
        "cores": cores(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "bfloat16_instructions": sorted(CPU_FLAGS & cpu_flags()),
        "instructions": sorted(INSTRUCTIONS & cpu_flags()),
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "system": platform.system(),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }


def check_versions(settings: Path, wanted: Mapping[str, str]) -> None:
    """Check that the versions a file of *settings* was made with are those installed.

    Raises:
        StageError: one was changed by hand, so the settings do not say what trains.
    """
    for package, made_with in wanted.items():
        if (installed := version(package)) != made_with:
            raise StageError(
                f"{settings}: made with {package} {made_with}, but {installed} is installed: "
                "run dvc repro --force configure"
            )


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
