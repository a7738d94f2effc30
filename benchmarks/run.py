"""Measure this project against the notebook, its peers and the machine: `make bench`.

    python -m benchmarks.run [SIDE ...]

Runs each measurement in a process of its own, alternating between the sides round by
round. When all runs of a side have ended they go to benchmarks/results.json, which holds the raw
measurements and, first, their `summary`. Naming sides measures those alone and keeps what the file
holds of the others.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from typing import Any

from benchmarks.side import MODELS
from benchmarks.summary import ROOT, mean_accuracies, report, summarize
from stages.common.files import write_text

RESULTS = ROOT / "benchmarks" / "results.json"
PEER_PYTHON = str(ROOT / ".venv-peer" / "bin" / "python")
# Makes a larger processor compute as one with AVX2 does, which has no bfloat16 either.
HELD_BACK = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}


def each(words: str, runs: int = 3) -> list[str]:
    """Return *words*, in which {} stands for a model, for each of them, so many times."""
    return [words.format(model) for model in MODELS] * runs


def pytorch(*precisions: str) -> list[str]:
    """Return the words for PyTorch's training steps, with either allocator."""
    variants = itertools.product(MODELS, precisions, ("system", "reuse"))
    return [" ".join(["pytorch:measure", *words]) for words in variants]


# What measures a side: the words after `python -m benchmarks`.
SIDES = {
    "peak": ["peak:measure"],
    "steps": each("steps:measure {}"),
    "same_work": each("ours:measure {} notebook"),
    # What it reaches is for `make replicates`.
    "fast": each("ours:measure {} fast"),
    "accurate": each("ours:measure {} accurate", runs=1),
    "notebook": each("notebook:fit {}", runs=1),
    "pytorch": pytorch("float32", "bfloat16"),
    "avx2": each("steps:measure {} float32"),
    "avx2_keras": each("notebook:steps {}"),
    "avx2_keras_onednn": each("notebook:steps {}"),
    "avx2_pytorch": pytorch("float32"),
    "growth": [f"ours:measure model3 notebook {times}" for times in "1248"],
    "sweep": ["sweep:stubs", "sweep:among 10", "sweep:among 100", "sweep:among 300"],
    "overhead": ["whole:measure fast dvc repro"],
    "first_run": [
        "whole:measure notebook make repro",
        "whole:measure notebook env ONEDNN_MAX_CPU_ISA=AVX2 make repro",
    ],
}
VARIABLES = {
    "avx2": HELD_BACK,
    # TensorFlow's own choice there is to leave oneDNN out.
    "avx2_keras": HELD_BACK | {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "avx2_keras_onednn": HELD_BACK | {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "avx2_pytorch": HELD_BACK,
}


def run(side: str, words: list[str], python: str = sys.executable) -> dict[str, Any]:
    """Run *python* with *words* and the variables of *side*; return its last line, JSON."""
    environment = {**os.environ, **VARIABLES.get(side, {})}
    command = [python, *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: {' '.join(command)}: exit code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Read the command line, measure, write the results."""
    parser = argparse.ArgumentParser(description="Measure this project against its peers.")
    parser.add_argument("sides", nargs="*", choices=[[], *SIDES], metavar="SIDE")
    names = parser.parse_args().sides or list(SIDES)

    sides: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))["sides"]
    measured: dict[str, Any] = {}
    # In another process: what this project sets for TensorFlow is not to reach the peers.
    ask = "import json; from stages.train.machine import describe; print(json.dumps(describe()))"
    for name in names:
        machine = run(name, ["-c", ask])
        started = time.strftime("%Y-%m-%d %H:%M")
        measured[name] = {"started": started, "machine": machine, "runs": []}
    in_turn = itertools.zip_longest(*([(n, words) for words in SIDES[n]] for n in names))
    for name, words in filter(None, itertools.chain.from_iterable(in_turn)):
        python = PEER_PYTHON if words.startswith("pytorch") else sys.executable
        result = run(name, ["-m", "benchmarks", *words.split()], python)
        print(name, json.dumps(result, sort_keys=True), flush=True)
        measured[name]["runs"].append(result)
        if len(measured[name]["runs"]) == len(SIDES[name]):
            sides[name] = measured[name]
            runs = {side: content["runs"] for side, content in sides.items()}
            summary = summarize(runs, mean_accuracies())
            # Not sorted: the summary comes first.
            write_text(RESULTS, json.dumps({"summary": summary, "sides": sides}, indent=1) + "\n")
            write_text(RESULTS.with_suffix(".md"), report(summary, sides))
    print(RESULTS.with_suffix(".md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
