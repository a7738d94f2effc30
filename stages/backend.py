"""TensorFlow and Keras, imported without the lines they print about drivers that are not there.

Import this module before any other that imports Keras.
"""

import gc
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import joblib


@contextmanager
def _native_messages_held_back() -> Iterator[None]:
    """Hold back what C++ code writes to standard error; show it only if something fails.

    ``TF_CPP_MIN_LOG_LEVEL`` alone does not silence what is logged before TensorFlow's logger is
    set up, nor the failing look-up of a GPU that nobody has.
    """
    sys.stderr.flush()
    with _anonymous_file() as held:
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


def _anonymous_file() -> IO[bytes]:
    """Return a file without a name: in memory where the system can, so that no disk is needed."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("messages"), "w+b")
    return tempfile.TemporaryFile()


@contextmanager
def _imported_sooner() -> Iterator[None]:
    """Let Keras and TensorFlow be imported in half the time.

    Keras imports scikit-learn and pandas where they are, for its parts that take their objects;
    nothing here uses those, so that for now they are not there. And of three thousand modules
    none is garbage, however often Python looks; frozen, later looks pass them by.
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
# Left to itself TensorFlow does without oneDNN where the processor has neither VNNI nor bfloat16
# nor AMX. It takes half the time there too, and less memory.
if sys.platform == "linux" and platform.machine() == "x86_64":
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
with _native_messages_held_back(), _imported_sooner():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices("GPU")

__all__ = ["cores", "keras", "make_repeatable", "tf"]


def cores() -> int:
    """Return how many processors this process may use: its affinity and a container's limit."""
    return int(joblib.cpu_count())


def set_threads(threads: int) -> None:
    """Have TensorFlow compute with so many *threads*; once a tensor is made, they are fixed."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


# TensorFlow's own choice takes no notice of a container's limit.
set_threads(cores())


def make_repeatable(seed: int, threads: int | None = None) -> None:
    """Seed every generator and make TensorFlow's kernels give the same bits on each run.

    The bits depend on *threads* too, since those share out a sum; None takes one per core. Call
    this before the first tensor.
    """
    set_threads(threads or cores())
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    with _native_messages_held_back():
        tf.zeros([])
