"""The limit: the machine's own matrix-product peak, as TensorFlow reaches it.

Measures square matrix products in float32 and in bfloat16, one after the other in turn, and keeps
the best of several: a peak is what the machine can do, so what other work took from it is not
part of the answer. No training can go faster than this, whatever its code.

Gigaflops are 1e9 floating-point operations per second, a multiply-add counting as two.
"""

import os
from functools import partial
from timeit import timeit
from typing import Any

from stages.backend import tf

PRECISIONS = ("float32", "bfloat16")
SIZE = 4096
REPETITIONS = 12


def measure() -> dict[str, Any]:
    """Return the best GFLOP/s of some products of SIZE x SIZE matrices in each precision."""
    # Matrices that are arguments, not captured constants: a constant product would be folded.
    product = tf.function(tf.linalg.matmul)
    numbers = [tf.random.stateless_normal((SIZE, SIZE), seed=(0, side)) for side in (0, 1)]
    best = dict.fromkeys(PRECISIONS, 0.0)
    for precision in PRECISIONS * REPETITIONS:
        matrices = [tf.cast(each, precision) for each in numbers]
        seconds = timeit(partial(product, *matrices), number=1)
        best[precision] = max(best[precision], 2 * SIZE**3 / seconds / 1e9)
    return {
        **{f"{precision}_gflops": speed for precision, speed in best.items()},
        "size": SIZE,
        # For TensorFlow 0 means every core.
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(),
    }
