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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.summary import Reached, summarize
from benchmarks.table import report
from stages.backend import tf  # noqa: F401 - quiets TensorFlow before it is imported below
from stages.common.files import write_text
from stages.compare.replicates import FOLDER
from stages.compare.replicates import MODELS as REPLICATES
from stages.train import machine

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "processed"
MODELS = ("model1", "model2", "model3")
PEER_PYTHON = ROOT / ".venv-peer" / "bin" / "python"


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

Job = tuple[str, list[str]]


def notebook(scale: Scale) -> Iterator[Job]:
    """Yield the notebook's own trainings, once each."""
    epochs = [] if scale.notebook_epochs is None else ["--epochs", str(scale.notebook_epochs)]
    for model in MODELS:
        yield "notebook", [*ours_python("notebook"), "--model", model, *epochs]


def same_work(scale: Scale) -> Iterator[Job]:
    """Yield our trainings with the notebook's settings."""
    epochs = [] if scale.notebook_epochs is None else ["--epochs", str(scale.notebook_epochs)]
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            yield "same_work", [*ours_python("ours"), "--model", model, *epochs]


def fast(scale: Scale) -> Iterator[Job]:
    """Yield our trainings with the recipe `fast`; what they reach is for `make replicates`."""
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            yield "fast", [*ours_python("ours"), "--model", model, "--recipe", "fast"]


def steps(scale: Scale) -> Iterator[Job]:
    """Yield our training steps alone, as often as PyTorch's variants take their turn."""
    for _ in range(scale.same_work_runs):
        for model in MODELS:
            yield "steps", [*ours_python("steps"), "--model", model]


def pytorch(scale: Scale) -> Iterator[Job]:
    """Yield PyTorch's training steps in every variant, and with either allocator."""
    for model in MODELS:
        for precision in ("float32", "bfloat16"):
            for variant, allocator in itertools.product(scale.torch_variants, ("system", "reuse")):
                command = [str(PEER_PYTHON), "-m", "benchmarks.pytorch", "--data", str(DATA)]
                choice = ["--variant", variant, "--precision", precision, "--allocator", allocator]
                steps = ["--steps", str(scale.torch_steps)]
                yield "pytorch", [*command, "--model", model, *choice, *steps]


def jax(scale: Scale) -> Iterator[Job]:
    """Yield training steps of Keras on JAX; few, since they take long."""
    del scale
    for model in MODELS:
        command = [str(PEER_PYTHON), "-m", "benchmarks.jax", "--data", str(DATA)]
        yield "jax", [*command, "--model", model]


def peak(scale: Scale) -> Iterator[Job]:
    """Yield one measurement of the machine's matrix-product peak."""
    del scale
    yield "peak", [sys.executable, "-m", "benchmarks.peak"]


def growth(scale: Scale) -> Iterator[Job]:
    """Yield one epoch of model3 at 1, 2, 4 and 8 times the images."""
    for times in scale.growth:
        size = ["--images", str(scale.growth_images), "--times", str(times)]
        options = ["--model", "model3", "--epochs", "1", *size]
        yield "growth", [*ours_python("ours"), *options]


def sweep(scale: Scale) -> Iterator[Job]:
    """Yield trials that only wait, and real ones among more and more experiments."""
    command = [sys.executable, "-m", "benchmarks.sweep"]
    yield "sweep", command
    for count in scale.experiments:
        yield "sweep", [*command, "--experiments", str(count)]


def ours_python(script: str) -> list[str]:
    """Return the start of the command that runs one of our own *script*s."""
    return [sys.executable, "-m", f"benchmarks.{script}", "--data", str(DATA)]


SIDES: dict[str, Callable[[Scale], Iterator[Job]]] = {
    side.__name__: side
    for side in (peak, steps, same_work, fast, notebook, pytorch, jax, growth, sweep)
}


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


def run_job(command: list[str]) -> dict[str, Any]:
    """Run *command*; return the line of JSON it ends with."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(command)}: exit code {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def whole_pipeline(recipe: str) -> dict[str, float]:
    """Return the seconds of `dvc repro` from nothing with *recipe*, and of the fits in it.

    Runs in a throw-away clone of what is committed, without a cache.
    """
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)  # noqa: S607
        params = (clone / "params.yaml").read_text()
        (clone / "params.yaml").write_text(
            params.replace("  recipe: notebook\n", f"  recipe: {recipe}\n")
        )
        start = time.perf_counter()
        subprocess.run(["dvc", "repro"], cwd=clone, check=True, stdout=sys.stderr)  # noqa: S607
        seconds = time.perf_counter() - start
        times = [
            json.loads((clone / "metrics" / "time" / f"{model}.json").read_text())
            for model in MODELS
        ]
    return {"seconds": seconds, "fit_seconds": sum(each["train_seconds"] for each in times)}


def main() -> None:
    """Read the command line, measure, write the results."""
    parser = argparse.ArgumentParser(description="Measure this project against its peers.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("sides", nargs="*", choices=[[], *SIDES, "overhead"], metavar="SIDE")
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    sides = options.sides or [*SIDES, "overhead"]
    path = ROOT / "benchmarks" / ("results-quick.json" if options.quick else "results.json")
    measured: dict[str, Any] = json.loads(path.read_text())["sides"] if path.exists() else {}

    reached = mean_accuracies()
    started = time.strftime("%Y-%m-%d %H:%M")
    for side in sides:
        measured[side] = {"started": started, "machine": machine.describe(), "runs": []}
    for side, command in alternating([side for side in sides if side in SIDES], scale):
        result = run_job(command)
        print(side, json.dumps(result, sort_keys=True), flush=True)
        measured[side]["runs"].append(result)
        write_results(path, measured, reached)
    if "overhead" in sides:
        measured["overhead"]["runs"].append(whole_pipeline("fast"))
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
