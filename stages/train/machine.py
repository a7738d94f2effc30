"""The machine and the versions of a training, which decide its time and mostly its bits."""

import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from stages.backend import cores, keras, tf
from stages.common.errors import StageError

from tensorflow.python.util import _pywrap_util_port  # isort: skip

CPUINFO = Path("/proc/cpuinfo")
# oneDNN chooses its kernels, and so the bits of a result, by these: the values of
# ONEDNN_MAX_CPU_ISA in rising order, each with the instructions it adds that matter here.
# https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
ISA_STEPS: dict[str, set[str]] = {
    "SSE41": {"sse4_1"},
    "AVX": {"avx"},
    "AVX2": {"avx2"},
    "AVX2_VNNI": {"avx_vnni"},
    "AVX2_VNNI_2": set(),
    "AVX512_CORE": {"avx512f"},
    "AVX512_CORE_VNNI": {"avx512_vnni"},
    "AVX512_CORE_BF16": {"avx512_bf16"},
    "AVX512_CORE_FP16": {"avx512_fp16"},
    "AVX10_1_512": set(),
    "AVX512_CORE_AMX": {"amx_tile", "amx_int8", "amx_bf16"},
    "AVX10_1_512_AMX": set(),
    "AVX512_CORE_AMX_FP16": {"amx_fp16"},
}
BFLOAT16 = {"avx512_bf16", "amx_bf16"}
# With one of these, models keep the bits they had before smaller processors got code of their own.
LARGE = BFLOAT16 | {"avx512_vnni", "amx_tile"}
LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
VARIABLES = (
    *("TF_SET_ONEDNN_FPMATH_MODE", "ONEDNN_DEFAULT_FPMATH_MODE"),
    *(*LIMITS, "ONEDNN_CPU_ISA_HINTS"),
)
GPU_CAPABILITY = (8, 0)


def describe() -> dict[str, Any]:
    """Return the processor, what is used of it, and the versions.

    Empty values are left out, and there are no lists: DVC takes an empty list in a file for a plot
    without points, and then draws nothing of that file.
    """
    described = {
        "processor": cpuinfo("model name") or platform.processor() or platform.machine(),
        "cores": cores(),
        "threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "instructions": " ".join(sorted(instructions())),
        "onednn": onednn(),
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "gpus": len(_gpus()),
        "system": platform.system(),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
    return {key: value for key, value in described.items() if value not in ("", {})}


def check_versions(settings: Path, wanted: Mapping[str, str]) -> None:
    """Check that the *wanted* versions in a file of *settings* are those installed.

    Raises:
        StageError: a package was changed by hand, so the settings do not describe the training.
    """
    for package, made_with in wanted.items():
        if (installed := version(package)) != made_with:
            raise StageError(
                f"{settings}: made with {package} {made_with}, but {installed} is installed: "
                "run dvc repro --force configure"
            )


def resolve(precision: str) -> str:
    """Return ``float32`` or ``bfloat16``; ``auto`` is bfloat16 if the hardware supports it.

    Otherwise bfloat16 is emulated and many times slower than float32
    (https://github.com/tensorflow/tensorflow/issues/45441).
    """
    if precision != "auto":
        return precision
    if gpus := _gpus():
        details = tf.config.experimental.get_device_details(gpus[0])
        able = details.get("compute_capability", (0, 0)) >= GPU_CAPABILITY
    else:
        able = onednn() and BFLOAT16 & instructions()
    return "bfloat16" if able else "float32"


def why_float32(precision: str) -> str:
    """Return a note on why ``auto`` is float32 here, or nothing if it is not."""
    if precision != "auto" or resolve(precision) != "float32":
        return ""
    device = "GPU" if _gpus() else "processor"
    if device == "processor" and BFLOAT16 & cpu_flags():
        device += ", held back," if onednn() else ", without oneDNN,"
    return (
        f"note: computing in float32, since this {device} has no bfloat16 that TensorFlow can use"
    )


def _gpus() -> list[Any]:
    return list(tf.config.list_physical_devices("GPU"))


def sums_biases_apart(precision: str) -> bool:
    """Return whether convolutions train faster with biases' gradients summed separately.

    In float32 oneDNN's kernels take longer to sum them together with the weights' gradients, in
    bfloat16 they do not. Processors with AVX-512 VNNI or more keep the bits they always had.
    """
    usable = instructions()
    on_small_processor = "avx" in usable and not LARGE & usable and not _gpus()
    return precision == "float32" and onednn() and on_small_processor


def onednn() -> bool:
    """Return whether TensorFlow computes with oneDNN in this process."""
    return bool(_pywrap_util_port.IsMklEnabled())


def instructions() -> set[str]:
    """Return the instructions that oneDNN may use, of those that decide the bits."""
    names = list(ISA_STEPS)
    limit = next((os.environ[name].upper() for name in LIMITS if os.environ.get(name)), "")
    usable = names[: names.index(limit) + 1] if limit in names else names
    return set().union(*(ISA_STEPS[name] for name in usable)) & cpu_flags()


def cpu_flags() -> set[str]:
    """Return the instruction-set flags of the first processor, if Linux gives them."""
    return set(cpuinfo("flags").split())


def cpuinfo(key: str) -> str:
    """Return the value that Linux gives for *key* of the first processor, or an empty text."""
    text = CPUINFO.read_text(encoding="utf-8") if CPUINFO.is_file() else ""
    found = re.search(rf"^{key}\s*:(.*)", text, re.MULTILINE)
    return found[1].strip() if found else ""
