"""The limit: the machine's own matrix-product peak, as TensorFlow reaches it.

Measures square matrix products in float32 and in bfloat16, one after the other in turn, and keeps
the best of several: a peak is what the machine can do, so what other work took from it is not
part of the answer. No training can go faster than this, whatever its code.

    python -m benchmarks.peak [--size 4096] [--repetitions 10]

The last line of its output is one line of JSON; gigaflops are 1e9 floating-point operations per
second, a multiply-add counting as two.
"""

import argparse
import json
import os
import time
from typing import Any

from stages.backend import tf

PRECISIONS = ("float32", "bfloat16")
WARM_UP = 2


def seconds(product: Any, left: Any, right: Any) -> float:
    """Return the time of one product of *left* and *right*."""
    start = time.perf_counter()
    product(left, right)
    return time.perf_counter() - start


def measure(size: int, repetitions: int) -> dict[str, Any]:
    """Return the best GFLOP/s of *repetitions* products of *size* x *size* matrices."""
    # Matrices that are arguments, not captured constants: a constant product would be folded.
    product = tf.function(tf.linalg.matmul)
    matrices = {
        precision: [
            tf.cast(tf.random.stateless_normal((size, size), seed=(0, side)), precision)
            for side in (0, 1)
        ]
        for precision in PRECISIONS
    }
    best = dict.fromkeys(PRECISIONS, float("inf"))
    for repetition in range(WARM_UP + repetitions):
        for precision in PRECISIONS:
            elapsed = seconds(product, *matrices[precision])
            if repetition >= WARM_UP:
                best[precision] = min(best[precision], elapsed)
    flops = 2 * size**3
    return {
        **{f"{precision}_gflops": flops / best[precision] / 1e9 for precision in PRECISIONS},
        "size": size,
        # 0 is TensorFlow's way of saying that it takes every core.
        "threads": tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(),
    }


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Measure TensorFlow's matrix-product peak.")
    parser.add_argument("--size", type=int, default=4096, help="rows and columns of a matrix")
    parser.add_argument("--repetitions", type=int, default=10, help="timed products of each kind")
    options = parser.parse_args()
    print(json.dumps(measure(options.size, options.repetitions)))


if __name__ == "__main__":
    main()
