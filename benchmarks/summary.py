"""From raw measurements to the numbers one quotes, and to their table in docs/benchmarks.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from jinja2 import StrictUndefined, Template

from benchmarks.side import MODELS
from stages.compare import replicates
from stages.tables import read_table
from tools.machines import described

ROOT = Path(__file__).resolve().parent.parent
# Our sides that compute in what suits the machine.
COMPUTED = ("same_work", "fast", "accurate", "steps")
Side = Sequence[Mapping[str, Any]]
# Mean test accuracies over several seeds: by recipe, then by model or for the ensemble. `notebook`
# has what its author published.
Reached = Mapping[str, "Mapping[str, float] | pd.Series[float]"]


def mean_accuracies() -> Reached:
    """Return the accuracies of recipes from `make replicates`, and those of the notebook."""
    folder, name = ROOT / replicates.FOLDER, replicates.MODELS
    tables = {recipe: read_table(folder / recipe / name) for recipe in ("fast", "accurate")}
    published = read_table(ROOT / "stages/report/notebook.csv").set_index("model")["accuracy"]
    means = {recipe: each.set_index("model")["accuracy_mean"] for recipe, each in tables.items()}
    return {"notebook": published, **means}


def summarize(runs: Mapping[str, Side], reached: Reached) -> dict[str, Any]:
    """Return the summary of all sides.

    There is no `speedup_to_accuracy` if `fast` misses an accuracy of the notebook.
    """
    found: dict[str, Any] = {}
    baseline = typical(runs["notebook"], "fit_seconds").sum()
    if all(reached["fast"][model] >= reached["notebook"][model] for model in MODELS):
        found["speedup_to_accuracy"] = baseline / typical(runs["fast"], "train_seconds").sum()
    found["speedup_same_work"] = baseline / typical(runs["same_work"], "train_seconds").sum()
    ours = typical(runs["steps"])
    found["speedup_over_pytorch"] = best(runs["pytorch"], "system") / ours
    found["speedup_over_pytorch_tuned_allocator"] = best(runs["pytorch"], "reuse") / ours
    tuned = best(runs["avx2_pytorch"], "reuse")
    avx2 = {
        "ours": typical(runs["avx2"]),
        "keras": typical(runs["avx2_keras"]),
        "keras_onednn": typical(runs["avx2_keras_onednn"]),
        "pytorch": best(runs["avx2_pytorch"], "system"),
        "pytorch_tuned_allocator": tuned,
    }
    found["avx2_microseconds_per_image"] = avx2
    found["speedup_over_pytorch_tuned_allocator_avx2"] = tuned / avx2["ours"]
    # The peak is that of the precision trained in, the work that of the training steps.
    precision = runs["steps"][0]["precision"]
    peak = 1e9 * max(run[f"{precision}_gflops"] for run in runs["peak"])
    found["peak_share"] = typical(runs["steps"], "training_flops") / (ours / 1e6) / peak
    memory = {side: typical(runs[side], "peak_memory_bytes") for side in ("same_work", "notebook")}
    found["memory_ratio_model3"] = (memory["same_work"] / memory["notebook"])["model3"]
    smallest, largest = runs["growth"][0], runs["growth"][-1]
    found["memory_growth_8x"] = largest["peak_memory_bytes"] / smallest["peak_memory_bytes"]
    found["time_per_image_growth_8x"] = smallest["images_per_second"] / largest["images_per_second"]
    stubs, *among = runs["sweep"]
    for key in ("trial_seconds", "show_seconds"):
        found[f"sweep_{key}"] = {str(run["experiments"]): run[key] for run in among}
    ideal = stubs["trials"] * stubs["trial_seconds"] / stubs["workers"]
    found["sweep_over_ideal"] = stubs["seconds"] / ideal
    for recipe in ("fast", "accurate"):
        found[f"accuracy_{recipe}"] = {model: reached[recipe][model] for model in MODELS}
    found["accuracy_ensemble"] = reached["accurate"]["ensemble"]
    found["minutes_accurate"] = typical(runs["accurate"], "train_seconds") / 60
    beyond = (run["seconds"] - run["fit_seconds"] for run in runs["overhead"])
    found["overhead_seconds_fast"] = median(beyond)
    found["first_run_minutes"] = {run["machine"]: run["seconds"] / 60 for run in runs["first_run"]}
    return {key: rounded(value) for key, value in found.items()}


def typical(runs: Side, key: str = "microseconds_per_image") -> "pd.Series[float]":
    """Return the median of *key* over a side's *runs*, by model."""
    return pd.DataFrame(runs).groupby("model")[key].median()


def best(runs: Side, allocator: str) -> "pd.Series[float]":
    """Return the time per image of the best of PyTorch's *runs* with an *allocator*, by model."""
    table = pd.DataFrame(runs).query("allocator == @allocator")
    return table.groupby("model")["microseconds_per_image"].min()


def rounded(value: Any) -> Any:
    """Return *value* with its floats at five significant digits."""
    if isinstance(value, Mapping | pd.Series):
        return {key: rounded(each) for key, each in value.items()}
    return float(f"{value:.5g}")


def report(summary: dict[str, Any], sides: Mapping[str, Any]) -> str:
    """Return fit times and the summary as Markdown, and the machine of each of the *sides*."""

    def fits(side: str, key: str = "train_seconds") -> str:
        runs = sides[side]["runs"]
        each = [[run[key] for run in runs if run["model"] == model] for model in MODELS]
        cells = " | ".join(spread(seconds) for seconds in each)
        return f"{cells} | {sum(map(median, each)):.1f} s | {len(each[0])}"

    machines: dict[str, list[str]] = {}
    for side, content in sides.items():
        machines.setdefault(described(content["machine"]), []).append(f"`{side}`")
    text = Path(__file__).with_name("results.md.jinja").read_text(encoding="utf-8")
    page = Template(text, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    return page.render(
        summary=summary,
        fits=fits,
        places=[f"{machine} ({', '.join(names)})" for machine, names in machines.items()],
        precisions={run["precision"] for side in COMPUTED for run in sides[side]["runs"]},
    )


def spread(seconds: list[float]) -> str:
    """Return the median of *seconds* and, if there are several, their range."""
    limits = f" ({min(seconds):.1f} to {max(seconds):.1f})" if len(seconds) > 1 else ""
    return f"{median(seconds):.1f} s{limits}"
