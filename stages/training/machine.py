"""What a training ran on: its time depends on all of it, the bits of its result on most."""

import os
import platform
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from stages.training.precision import CPU_FLAGS, cpu_flags, cpuinfo


def describe() -> dict[str, Any]:
    """Return the processor, its cores and fast number formats, and the versions in use."""
    return {
        "processor": cpuinfo("model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        # 0 is TensorFlow's way of saying that it takes every core.
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(),
        "bfloat16_instructions": sorted(CPU_FLAGS & cpu_flags()),
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "system": platform.system(),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
