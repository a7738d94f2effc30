"""The benchmarks' results as docs/benchmarks.md shows them."""

from collections.abc import Mapping
from math import nan
from statistics import median
from typing import Any

from benchmarks.summary import (
    MODELS,
    Reached,
    Runs,
    fit_seconds,
    is_short,
    of_model,
    reaches_the_notebook,
)
from tools.machines import described

FITS = {
    "notebook": "the original notebook, fit",
    "same_work": "recipe `notebook`, fit",
    "fast": "recipe `fast`, fit",
}
AVX2_SIDES = {
    "ours": "ours",
    "keras": "stock Keras as TensorFlow sets itself up there, without oneDNN",
    "keras_onednn": "stock Keras with oneDNN",
    "pytorch": "PyTorch's best variant",
    "pytorch_tuned_allocator": "the same, with glibc told to keep freed memory",
}
# What each number of the summary says.
MEANINGS = {
    "speedup_to_accuracy": "`fast` reaches the notebook's accuracies in so many times less",
    "speedup_same_work": "the notebook's own settings take so many times less",
    "speedup_over_pytorch": "PyTorch's best variant takes so many times as long for an image",
    "speedup_over_pytorch_tuned_allocator": "the same, with glibc told to keep freed memory",
    "speedup_over_keras_on_jax": "Keras on JAX takes so many times as long for an image",
    "speedup_over_pytorch_tuned_allocator_avx2": "PyTorch that keeps memory, with AVX2 alone",
    "peak_share": "share of the machine's matrix-product peak that training reaches",
    "memory_ratio_model3": "peak memory of model3's training, as a share of the notebook's",
    "memory_growth_8x": "peak memory with 8 times the images, as a multiple",
    "time_per_image_growth_8x": "time for an image with 8 times the images, as a multiple",
    "sweep_over_ideal": "64 trials of a second on 8 workers, as a multiple of 8 seconds",
    "sweep_trial_seconds": "seconds of a trial whose results are in the cache, among experiments",
    "sweep_show_seconds": "seconds of the first `dvc exp show` of so many experiments",
    "accuracy_best": "mean test accuracy of `best` over its seeds",
    "accuracy_ensemble": "the same of the vote of its three models",
    "overhead_seconds_fast": "seconds of a whole `dvc repro` with `fast` beyond the fits",
}


def report(
    summary: Mapping[str, Any],
    machines: Mapping[str, Mapping[str, Any]],
    measured: Runs,
    reached: Reached,
) -> str:
    """Return fit times and the summary as Markdown, and what each side was measured on.

    *machines* and *measured* are by the side's name.
    """
    parts = [rows_of_fits(measured), rows_on_avx2(summary), summary_table(summary)]
    if measured.get("notebook") and is_short(measured):
        parts.append(["A short run of few epochs: its accuracies are not those of the recipes."])
    elif fit_seconds(measured, "fast") and not reaches_the_notebook(reached):
        parts.append(["No speed-up of `fast`: no replicates reach the notebook's accuracies."])
    parts.append([machine_line(machines), *precision_line(measured)])
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def rows_of_fits(runs: Runs) -> list[str]:
    """Return a header and a row of fit times for each side that was measured."""
    lines = [
        "| | model1 | model2 | model3 | sum | runs each |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for side, name in FITS.items():
        key = "fit_seconds" if side == "notebook" else "train_seconds"
        each = [[run[key] for run in of_model(runs, side, model)] for model in MODELS]
        if all(each):
            cells = " | ".join(spread(seconds, " s") for seconds in each)
            total = sum(median(seconds) for seconds in each)
            lines.append(f"| {name} | {cells} | {total:.1f} s | {len(each[0])} |")
    return lines


def rows_on_avx2(summary: Mapping[str, Any]) -> list[str]:
    """Return a header and a row of times per image for each side that was measured with AVX2."""
    times = summary.get("avx2_microseconds_per_image")
    if not times:
        return []
    head = "| with AVX2 alone, float32: microseconds an image of a training step |"
    lines = [head + "".join(f" {model} |" for model in MODELS), "|---|---:|---:|---:|"]
    for side, name in AVX2_SIDES.items():
        if side in times:
            cells = " | ".join(f"{times[side].get(model, nan):.0f}" for model in MODELS)
            lines.append(f"| {name} | {cells} |")
    return lines


def spread(values: list[float], unit: str) -> str:
    """Return the median of *values* and, if there are several, their range."""
    if len(values) == 1:
        return f"{values[0]:.1f}{unit}"
    return f"{median(values):.1f}{unit} ({min(values):.1f} to {max(values):.1f})"


def summary_table(summary: Mapping[str, Any]) -> list[str]:
    """Return the summary's numbers with their meanings, a row each."""
    chosen = {key: text for key, text in MEANINGS.items() if key in summary}
    if not chosen:
        return []
    lines = ["| | | in `results.json` |", "|---|---:|---|"]
    for key, text in chosen.items():
        value = summary[key]
        digits = ".2%" if key.startswith("accuracy") else ".3g"
        number = (
            ", ".join(f"{name} {each:{digits}}" for name, each in value.items())
            if isinstance(value, Mapping)
            else f"{value:{digits}}"
        )
        lines.append(f"| {text} | {number} | `{key}` |")
    return lines


def machine_line(machines: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the sentence on what each side was measured on."""
    sides: dict[str, list[str]] = {}
    for side, machine in machines.items():
        sides.setdefault(described(machine), []).append(f"`{side}`")
    # Which side is which matters where they differ.
    named = [
        machine if len(sides) == 1 else f"{machine} ({', '.join(names)})"
        for machine, names in sides.items()
    ]
    return (
        f"Measured by `make bench` on {' and on '.join(named)}; times are medians, with their "
        "range. `results.json` says when each side ran."
    )


def precision_line(runs: Runs) -> list[str]:
    """Return the sentence on what our fits and steps computed in; none if there are none."""
    ours = [run for side in ("same_work", "fast", "steps") for run in runs.get(side, [])]
    precisions = " and ".join(sorted({run["precision"] for run in ours}))
    return [f"Ours computes in {precisions}, the notebook's code in float32."] if ours else []
