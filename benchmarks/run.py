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
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.side import MODELS
from benchmarks.summary import mean_accuracies, summarize
from benchmarks.table import report
from stages.common.files import write_text

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PEER_PYTHON = str(ROOT / ".venv-peer" / "bin" / "python")
# Makes a larger processor compute as one with AVX2 does, which has no bfloat16 either.
HELD_BACK = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}


class Side(NamedTuple):
    """The commands that measure a side, and the variables they get."""

    commands: list[list[str]]
    variables: Mapping[str, str] = {}


def command(name: str, *words: str, python: str = sys.executable) -> list[str]:
    """Return the command that calls `measure` of one of the modules here."""
    return [python, "-m", "benchmarks", name, *words]


def each(name: str, *words: str, runs: int = 3) -> list[list[str]]:
    """Return the commands that measure each model, so many times."""
    return [command(name, model, *words) for model in MODELS] * runs


def pytorch(*precisions: str) -> list[list[str]]:
    """Return the commands that run PyTorch's training steps, with either allocator."""
    variants = itertools.product(MODELS, precisions, ("system", "reuse"))
    return [command("pytorch", *words, python=PEER_PYTHON) for words in variants]


SIDES = {
    "peak": Side([command("peak")]),
    "steps": Side(each("steps")),
    "same_work": Side(each("ours", "notebook")),
    # What it reaches is for `make replicates`.
    "fast": Side(each("ours", "fast")),
    "accurate": Side(each("ours", "accurate", runs=1)),
    "notebook": Side(each("notebook", runs=1)),
    "pytorch": Side(pytorch("float32", "bfloat16")),
    "avx2": Side(each("steps", "float32"), HELD_BACK),
    # TensorFlow's own choice there is to leave oneDNN out.
    "avx2_keras": Side(each("stock"), HELD_BACK | {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    "avx2_keras_onednn": Side(each("stock"), HELD_BACK | {"TF_ENABLE_ONEDNN_OPTS": "1"}),
    "avx2_pytorch": Side(pytorch("float32"), HELD_BACK),
    "growth": Side([command("ours", "model3", "notebook", times) for times in "1248"]),
    "sweep": Side([command("sweep"), *(command("sweep", count) for count in ("10", "100", "300"))]),
    "overhead": Side([command("whole", "fast", "dvc", "repro")]),
    "first_run": Side(
        [
            command("whole", "notebook", *words, "make", "repro")
            for words in ([], ["env", "ONEDNN_MAX_CPU_ISA=AVX2"])
        ]
    ),
}


def run(command: list[str], variables: Mapping[str, str]) -> dict[str, Any]:
    """Run *command* with *variables* set; return the line of JSON it ends with."""
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: {' '.join(command)}: exit code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def write_results(sides: Mapping[str, Any]) -> None:
    """Write the raw measurements of all *sides* and their summary, and the tables of both."""
    runs = {side: content["runs"] for side, content in sides.items()}
    machines = {side: content["machine"] for side, content in sides.items()}
    summary = summarize(runs, mean_accuracies())
    # Not sorted: the summary comes first.
    write_text(RESULTS, json.dumps({"summary": summary, "sides": sides}, indent=1) + "\n")
    write_text(RESULTS.with_suffix(".md"), report(summary, machines, runs))


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
        machine = run([sys.executable, "-c", ask], SIDES[name].variables)
        started = time.strftime("%Y-%m-%d %H:%M")
        measured[name] = {"started": started, "machine": machine, "runs": []}
    in_turn = itertools.zip_longest(*([(n, words) for words in SIDES[n].commands] for n in names))
    for name, words in filter(None, itertools.chain.from_iterable(in_turn)):
        result = run(words, SIDES[name].variables)
        print(name, json.dumps(result, sort_keys=True), flush=True)
        measured[name]["runs"].append(result)
        if len(measured[name]["runs"]) == len(SIDES[name].commands):
            sides[name] = measured[name]
            write_results(sides)
    print(RESULTS.with_suffix(".md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
