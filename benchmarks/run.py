"""Measure this project against the notebook, its peers and the machine: `make bench`.

    python -m benchmarks.run [--quick] [SIDE ...]

Runs each side's own script in a process of its own, alternating between the sides round by
round, and writes benchmarks/results.json: the raw measurements and, first, their `summary`.
Naming sides measures those alone and keeps what the file holds of the others. `--quick` takes a
few minutes: fewer epochs, steps and seeds; its numbers go to benchmarks/results-quick.json.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.summary import Reached, summarize
from benchmarks.table import report
from stages.common.files import write_text
from stages.compare.replicates import FOLDER
from stages.compare.replicates import MODELS as REPLICATES
from tools.machines import described

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "processed"
MODELS = ("model1", "model2", "model3")
PEER_PYTHON = ROOT / ".venv-peer" / "bin" / "python"
# Makes a larger processor compute as one with AVX2 does, which has no bfloat16 either.
HELD_BACK = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}


class Scale(NamedTuple):
    """How much of each side is run."""

    notebook_epochs: int | None
    same_work_runs: int
    torch_steps: int
    growth_images: int
    torch_variants: tuple[str, ...] = ("eager", "compiled")
    growth: tuple[int, ...] = (1, 2, 4, 8)
    experiments: tuple[int, ...] = (10, 100, 300)


FULL = Scale(None, 3, 20, 60_000)
# Compiling takes longer than all of PyTorch's other steps, and was slower wherever measured.
QUICK = Scale(1, 1, 3, 6_000, ("eager",), experiments=(10,))


class Job(NamedTuple):
    """A command to run for a side, and the variables it gets on top of the environment's."""

    side: str
    command: list[str]
    variables: Mapping[str, str] = {}


def notebook(scale: Scale) -> Iterator[Job]:
    """Yield the notebook's own trainings, once each."""
    epochs = [] if scale.notebook_epochs is None else ["--epochs", str(scale.notebook_epochs)]
    for model in MODELS:
        yield Job("notebook", [*ours_python("notebook"), "--model", model, *epochs])


def same_work(scale: Scale) -> Iterator[Job]:
    """Yield our trainings with the notebook's settings."""
    epochs = [] if scale.notebook_epochs is None else ["--epochs", str(scale.notebook_epochs)]
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            yield Job("same_work", [*ours_python("ours"), "--model", model, *epochs])


def fast(scale: Scale) -> Iterator[Job]:
    """Yield our trainings with the recipe `fast`; what they reach is for `make replicates`."""
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            yield Job("fast", [*ours_python("ours"), "--model", model, "--recipe", "fast"])


def steps(scale: Scale) -> Iterator[Job]:
    """Yield our training steps alone, as often as PyTorch's variants take their turn."""
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            yield Job("steps", [*ours_python("steps"), "--model", model])


def pytorch(scale: Scale) -> Iterator[Job]:
    """Yield PyTorch's training steps in every variant, and with either allocator."""
    for precision in ("float32", "bfloat16"):
        for command in pytorch_in(precision, scale):
            yield Job("pytorch", command)


def pytorch_in(precision: str, scale: Scale) -> Iterator[list[str]]:
    """Yield the commands that measure every variant of PyTorch in one *precision*."""
    allocators = ("system", "reuse")
    for model, variant, allocator in itertools.product(MODELS, scale.torch_variants, allocators):
        command = [str(PEER_PYTHON), "-m", "benchmarks.pytorch", "--data", str(DATA)]
        choice = ["--variant", variant, "--precision", precision, "--allocator", allocator]
        yield [*command, "--model", model, *choice, "--steps", str(scale.torch_steps)]


def jax(scale: Scale) -> Iterator[Job]:
    """Yield training steps of Keras on JAX; few, since they take long."""
    del scale
    for model in MODELS:
        command = [str(PEER_PYTHON), "-m", "benchmarks.stock", "--data", str(DATA)]
        yield Job("jax", [*command, "--model", model, "--steps", "3"], {"KERAS_BACKEND": "jax"})


def avx2(scale: Scale) -> Iterator[Job]:
    """Yield our training steps on a processor with AVX2 alone, or one held back to it."""
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            command = [*ours_python("steps"), "--model", model, "--precision", "float32"]
            yield Job("avx2", command, HELD_BACK)


def avx2_keras(scale: Scale) -> Iterator[Job]:
    """Yield stock Keras's steps there, without oneDNN: TensorFlow's own choice."""
    yield from _stock_on_avx2("avx2_keras", "0", scale)


def avx2_keras_onednn(scale: Scale) -> Iterator[Job]:
    """Yield stock Keras's steps there with oneDNN."""
    yield from _stock_on_avx2("avx2_keras_onednn", "1", scale)


def _stock_on_avx2(side: str, onednn: str, scale: Scale) -> Iterator[Job]:
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            command = [*ours_python("stock"), "--model", model]
            yield Job(side, command, HELD_BACK | {"TF_ENABLE_ONEDNN_OPTS": onednn})


def avx2_pytorch(scale: Scale) -> Iterator[Job]:
    """Yield PyTorch's steps there in every variant, and with either allocator."""
    for command in pytorch_in("float32", scale):
        yield Job("avx2_pytorch", command, HELD_BACK)


def peak(scale: Scale) -> Iterator[Job]:
    """Yield one measurement of the machine's matrix-product peak."""
    del scale
    yield Job("peak", [sys.executable, "-m", "benchmarks.peak"])


def growth(scale: Scale) -> Iterator[Job]:
    """Yield one epoch of model3 at 1, 2, 4 and 8 times the images."""
    for times in scale.growth:
        size = ["--images", str(scale.growth_images), "--times", str(times)]
        options = ["--model", "model3", "--epochs", "1", *size]
        yield Job("growth", [*ours_python("ours"), *options])


def sweep(scale: Scale) -> Iterator[Job]:
    """Yield trials that only wait, and real ones among more and more experiments."""
    command = [sys.executable, "-m", "benchmarks.sweep"]
    yield Job("sweep", command)
    for count in scale.experiments:
        yield Job("sweep", [*command, "--experiments", str(count)])


def ours_python(script: str) -> list[str]:
    """Return the start of the command that runs one of our own *script*s."""
    return [sys.executable, "-m", f"benchmarks.{script}", "--data", str(DATA)]


SIDES: dict[str, Callable[[Scale], Iterator[Job]]] = {
    side.__name__: side
    for side in (
        *(peak, steps, same_work, fast, notebook, pytorch, jax),
        *(avx2, avx2_keras, avx2_keras_onednn, avx2_pytorch, growth, sweep),
    )
}


# Whole runs of the pipeline: the command, the recipe, and the variables it gets.
WHOLE: dict[str, list[tuple[list[str], str, Mapping[str, str]]]] = {
    "overhead": [(["dvc", "repro"], "fast", {})],
    "first_run": [(["make", "repro"], "notebook", each) for each in ({}, HELD_BACK)],
}
ALL = [*SIDES, *WHOLE]


def alternating(sides: list[str], scale: Scale) -> Iterator[Job]:
    """Yield one job of each side in turn until every side has run out."""
    waiting = [SIDES[side](scale) for side in sides]
    while waiting:
        for jobs in list(waiting):
            job = next(jobs, None)
            if job is None:
                waiting.remove(jobs)
            else:
                yield job


def run_job(command: list[str], variables: Mapping[str, str]) -> dict[str, Any]:
    """Run *command*; return the line of JSON it ends with."""
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: {' '.join(command)}: exit code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def machine_with(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return what a training records of its machine, with *variables* set.

    Asked of another process: what this project sets for TensorFlow is not to reach the peers.
    """
    ask = "import json; from stages.train.machine import describe; print(json.dumps(describe()))"
    return run_job([sys.executable, "-c", ask], variables)


def whole_pipeline(command: list[str], recipe: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the seconds of *command* from nothing with *recipe*, and of the fits in it.

    Runs in a throw-away clone of what is committed, without DVC's cache, with *variables* set. The
    user's own caches, pip's and that of images, stay in use: no download is timed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)  # noqa: S607
        params = (clone / "params.yaml").read_text()
        (clone / "params.yaml").write_text(
            params.replace("  recipe: notebook\n", f"  recipe: {recipe}\n")
        )
        start = time.perf_counter()
        environment = {**os.environ, **variables}
        subprocess.run(command, cwd=clone, env=environment, check=True, stdout=sys.stderr)
        seconds = time.perf_counter() - start
        times = [
            json.loads((clone / "metrics" / "time" / f"{model}.json").read_text())
            for model in MODELS
        ]
    fits = sum(each["train_seconds"] for each in times)
    return {"seconds": seconds, "fit_seconds": fits, "machine": described(times[0]["machine"])}


def main() -> None:
    """Read the command line, measure, write the results."""
    parser = argparse.ArgumentParser(description="Measure this project against its peers.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("sides", nargs="*", choices=[[], *ALL], metavar="SIDE")
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    # A first run takes as long, however few steps the others take.
    sides = options.sides or [side for side in ALL if not (options.quick and side == "first_run")]
    path = ROOT / "benchmarks" / ("results-quick.json" if options.quick else "results.json")
    measured: dict[str, Any] = json.loads(path.read_text())["sides"] if path.exists() else {}

    reached = mean_accuracies()
    started = time.strftime("%Y-%m-%d %H:%M")
    for side in sides:
        variables = next(SIDES[side](scale)).variables if side in SIDES else {}
        measured[side] = {"started": started, "machine": machine_with(variables), "runs": []}
    for side, command, variables in alternating([side for side in sides if side in SIDES], scale):
        result = run_job(command, variables)
        print(side, json.dumps(result, sort_keys=True), flush=True)
        measured[side]["runs"].append(result)
        write_results(path, measured, reached)
    for side in (side for side in sides if side in WHOLE):
        for whole in WHOLE[side]:
            measured[side]["runs"].append(whole_pipeline(*whole))
            write_results(path, measured, reached)
    print(path.with_suffix(".md").read_text())


def mean_accuracies() -> Reached:
    """Return what `make replicates` has found each recipe to reach."""
    tables = {
        path.parent.name: pd.read_csv(path, index_col="model")["accuracy_mean"]
        for path in (ROOT / FOLDER).glob(f"*/{REPLICATES}")
    }
    return {
        recipe: {str(model): float(mean) for model, mean in means.items()}
        for recipe, means in tables.items()
    }


def write_results(path: Path, measured: dict[str, Any], reached: Reached) -> None:
    """Write the results so far, and their table, whole."""
    runs = {side: content["runs"] for side, content in measured.items()}
    machines = {side: content["machine"] for side, content in measured.items()}
    summary = summarize(runs, reached)
    # Not sorted: the summary comes first.
    content = {"summary": summary, "sides": measured}
    write_text(path, json.dumps(content, indent=1) + "\n")
    write_text(path.with_suffix(".md"), report(summary, machines, runs, reached))


if __name__ == "__main__":
    main()
