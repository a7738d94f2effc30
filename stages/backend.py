"""TensorFlow and Keras, imported without their messages about missing drivers.

Import this module before any other that imports Keras.
"""

import gc
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import joblib


@contextmanager
def _native_messages_held_back() -> Iterator[None]:
    """Hold back what C++ code writes to standard error; show it only if something fails.

    ``TF_CPP_MIN_LOG_LEVEL`` alone does not silence messages from before TensorFlow's logger is set
    up, nor the failed search for a GPU.
    """
    sys.stderr.flush()
    # In memory if the system can do that.
    with (
        os.fdopen(os.memfd_create("messages"), "w+b")
        if hasattr(os, "memfd_create")
        else tempfile.TemporaryFile()
    ) as held:
        original = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(original, held.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)


@contextmanager
def _imported_sooner() -> Iterator[None]:
    """Halve the time it takes to import Keras and TensorFlow.

    Keras imports scikit-learn and pandas if they are installed, for parts that nothing here uses,
    so they are hidden meanwhile. Nor is any of the three thousand modules garbage, so the garbage
    collector pauses, and skips them later.
    """
    absent = [name for name in ("pandas", "sklearn") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        for name in absent:
            del sys.modules[name]


os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# By default TensorFlow does not use oneDNN on processors without VNNI, bfloat16 and AMX. There,
# too, oneDNN takes half the time, and less memory.
if sys.platform == "linux" and platform.machine() == "x86_64":
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
with _native_messages_held_back(), _imported_sooner():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices("GPU")

__all__ = ["cores", "keras", "make_repeatable", "tf"]


def cores() -> int:
    """Return how many processors this process may use, by its affinity and a container's limit."""
    return int(joblib.cpu_count())


def set_threads(threads: int) -> None:
    """Set how many *threads* TensorFlow uses; this is fixed once a tensor exists."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


# TensorFlow's own choice ignores a container's limit.
set_threads(cores())


def make_repeatable(seed: int, threads: int | None = None) -> None:
    """Seed every generator and make TensorFlow's kernels give the same bits on each run.

    The bits also depend on *threads*, since these divide a sum; None means one per core. Call this
    before the first tensor exists.
    """
    set_threads(threads or cores())
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    with _native_messages_held_back():
        tf.zeros([])
