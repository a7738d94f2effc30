"""The benchmarks' results as docs/benchmarks.md shows them."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from benchmarks.side import MODELS
from benchmarks.summary import Runs
from tools.machines import described

# Each side's fits, and the key of their seconds.
FITS = {
    "notebook": ("the original notebook, fit", "fit_seconds"),
    "same_work": ("recipe `notebook`, fit", "train_seconds"),
    "fast": ("recipe `fast`, fit", "train_seconds"),
    "accurate": ("recipe `accurate`, fit", "train_seconds"),
}
# Our sides that compute in what suits the machine.
COMPUTED = ("same_work", "fast", "accurate", "steps")
AVX2_SIDES = {
    "ours": "ours",
    "keras": "stock Keras with TensorFlow's default there, without oneDNN",
    "keras_onednn": "stock Keras with oneDNN",
    "pytorch": "PyTorch's best variant",
    "pytorch_tuned_allocator": "the same, with glibc set to keep freed memory",
}
# The meaning of each number of the summary.
MEANINGS = {
    "speedup_to_accuracy": "`fast` reaches the notebook's accuracies this many times sooner",
    "speedup_same_work": "with the notebook's own settings we are this many times faster",
    "speedup_over_pytorch": "PyTorch's best variant takes this many times as long for an image",
    "speedup_over_pytorch_tuned_allocator": "the same, with glibc set to keep freed memory",
    "speedup_over_pytorch_tuned_allocator_avx2": "the same, with AVX2 alone",
    "peak_share": "share of the machine's peak for matrix products that training reaches",
    "memory_ratio_model3": "peak memory of model3's training, as a share of the notebook's",
    "memory_growth_8x": "peak memory with 8 times the images, as a multiple",
    "time_per_image_growth_8x": "time for an image with 8 times the images, as a multiple",
    "sweep_over_ideal": "64 trials of a second on 8 workers, as a multiple of 8 seconds",
    "sweep_trial_seconds": "seconds of a trial with results in the cache, by number of experiments",
    "sweep_show_seconds": "seconds of the first `dvc exp show`, by number of experiments",
    "accuracy_fast": "mean test accuracy of `fast` over its seeds",
    "accuracy_accurate": "mean test accuracy of `accurate` over its seeds",
    "accuracy_ensemble": "the same for the vote of its three models",
    "minutes_accurate": "minutes of `accurate`, fit",
    "overhead_seconds_fast": "seconds of a whole `dvc repro` with `fast` beyond the fits",
}


def report(
    summary: Mapping[str, Any], machines: Mapping[str, Mapping[str, Any]], runs: Runs
) -> str:
    """Return fit times and the summary as Markdown, and the machine of each side.

    *machines* and *runs* are by the side's name.
    """
    lines = [
        "| | model1 | model2 | model3 | sum | runs each |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for side, (name, key) in FITS.items():
        each = [[run[key] for run in runs[side] if run["model"] == model] for model in MODELS]
        cells = " | ".join(spread(seconds) for seconds in each)
        total = sum(map(median, each))
        lines.append(f"| {name} | {cells} | {total:.1f} s | {len(each[0])} |")
    lines += [
        "",
        "| with AVX2 alone, float32: microseconds an image of a training step "
        "| model1 | model2 | model3 |",
        "|---|---:|---:|---:|",
    ]
    for side, name in AVX2_SIDES.items():
        times = summary["avx2_microseconds_per_image"][side]
        lines.append(f"| {name} | {' | '.join(f'{times[model]:.0f}' for model in MODELS)} |")
    lines += ["", "| | | in `results.json` |", "|---|---:|---|"]
    for key, meaning in MEANINGS.items():
        if key in summary:
            digits = ".2%" if key.startswith("accuracy") else ".3g"
            lines.append(f"| {meaning} | {shown(summary[key], digits)} | `{key}` |")
    sides: dict[str, list[str]] = {}
    for side, machine in machines.items():
        sides.setdefault(described(machine), []).append(f"`{side}`")
    places = [f"{machine} ({', '.join(names)})" for machine, names in sides.items()]
    ours = {run["precision"] for side in COMPUTED for run in runs[side]}
    return "\n".join(
        [
            *(*lines, ""),
            f"Measured by `make bench` on {' and on '.join(places)}; times are medians, with their "
            "range. `results.json` says when each side ran.",
            f"Our code computes in {' and '.join(sorted(ours))}, the notebook's in float32.\n",
        ]
    )


def spread(seconds: list[float]) -> str:
    """Return the median of *seconds* and, if there are several, their range."""
    limits = f" ({min(seconds):.1f} to {max(seconds):.1f})" if len(seconds) > 1 else ""
    return f"{median(seconds):.1f} s{limits}"


def shown(value: Any, digits: str) -> str:
    """Return a number, or several with their names, with this format of *digits*."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each:{digits}}" for name, each in value.items())
    return f"{value:{digits}}"
