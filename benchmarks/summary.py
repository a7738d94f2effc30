"""From raw measurements to the numbers one quotes."""

from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import Any

import numpy as np

Runs = Mapping[str, list[dict[str, Any]]]
# Mean test accuracies over several seeds, by recipe, then by model or for the ensemble.
Reached = Mapping[str, Mapping[str, float]]
MODELS = ("model1", "model2", "model3")
# The mean test accuracies that the original notebook reaches, and `fast` has to.
NOTEBOOK_ACCURACY = {"model1": 0.976, "model2": 0.987, "model3": 0.990}


def of_model(runs: Runs, side: str, model: str) -> list[dict[str, Any]]:
    """Return the runs of one *model* on one *side*; none if it was not measured."""
    return [run for run in runs.get(side, []) if run.get("model") == model]


def middle(runs: Iterable[dict[str, Any]], value: Callable[[dict[str, Any]], float]) -> float:
    """Return the median of *value* over *runs*."""
    return median(value(run) for run in runs)


def microseconds(run: dict[str, Any]) -> float:
    """Return our training time per image of one run, validation included."""
    return 1e6 / run["images_per_second"]


def per_image(run: dict[str, Any]) -> float:
    """Return a run's microseconds of one training step, per image."""
    return float(run["microseconds_per_image"])


def fit_seconds(runs: Runs, side: str) -> float | None:
    """Return the median fit times of *side*, summed over the three models."""
    key = "fit_seconds" if side == "notebook" else "train_seconds"
    each = [of_model(runs, side, model) for model in MODELS]
    if not all(each):
        return None
    return sum(middle(model, lambda run: run[key]) for model in each)


def is_short(runs: Runs) -> bool:
    """Tell whether the notebook was stopped before its own number of epochs."""
    return any(run["is_short"] for run in runs.get("notebook", []))


def reaches_the_notebook(reached: Reached) -> bool:
    """Tell whether each model's mean test accuracy with `fast` is at least the notebook's."""
    fast = reached.get("fast", {})
    return all(fast.get(model, 0) >= least for model, least in NOTEBOOK_ACCURACY.items())


def summarize(runs: Runs, reached: Reached) -> dict[str, Any]:
    """Return the summary; what was not measured is left out."""
    baseline, same = fit_seconds(runs, "notebook"), fit_seconds(runs, "same_work")
    quickest = fit_seconds(runs, "fast")
    found: dict[str, Any] = {}
    if baseline and quickest and reaches_the_notebook(reached) and not is_short(runs):
        found["speedup_to_accuracy"] = baseline / quickest
    if baseline and same:
        found["speedup_same_work"] = baseline / same
    found["speedup_over_pytorch"] = over_peer(runs, "pytorch", allocator="system")
    found["speedup_over_pytorch_tuned_allocator"] = over_peer(runs, "pytorch", allocator="reuse")
    found["speedup_over_keras_on_jax"] = over_peer(runs, "jax")
    found |= on_avx2(runs)
    found["peak_share"] = peak_share(runs)
    baseline_runs, our_runs = (of_model(runs, side, "model3") for side in ("notebook", "same_work"))
    if baseline_runs and our_runs:
        found["memory_ratio_model3"] = middle(our_runs, peak_memory) / middle(
            baseline_runs, peak_memory
        )
    grown = runs.get("growth", [])
    if len(grown) > 1:
        found["memory_growth_8x"] = peak_memory(grown[-1]) / peak_memory(grown[0])
        found["time_per_image_growth_8x"] = microseconds(grown[-1]) / microseconds(grown[0])
    found |= sweeps(runs)
    best = reached.get("best", {})
    if {*MODELS, "ensemble"} <= best.keys():
        found["accuracy_best"] = {model: best[model] for model in MODELS}
        found["accuracy_ensemble"] = best["ensemble"]
    if whole := runs.get("overhead"):
        found["overhead_seconds_fast"] = middle(
            whole, lambda run: run["seconds"] - run["fit_seconds"]
        )
    if first := runs.get("first_run"):
        found["first_run_minutes"] = {run["machine"]: run["seconds"] / 60 for run in first}
    return {key: rounded(value) for key, value in found.items() if value != {}}


def sweeps(runs: Runs) -> dict[str, Any]:
    """Return what a sweep costs beside its trainings.

    Its time over the ideal one, and what a trial and a listing take among so many experiments.
    """
    found: dict[str, Any] = {"sweep_trial_seconds": {}, "sweep_show_seconds": {}}
    for run in runs.get("sweep", []):
        if "workers" in run:
            ideal = run["trials"] * run["trial_seconds"] / run["workers"]
            found["sweep_over_ideal"] = run["seconds"] / ideal
        else:
            for key in ("trial_seconds", "show_seconds"):
                found[f"sweep_{key}"][str(run["experiments"])] = run[key]
    return found


def peak_memory(run: dict[str, Any]) -> float:
    """Return a run's peak memory in bytes."""
    return float(run["peak_memory_bytes"])


def over_peer(
    runs: Runs, side: str, allocator: str | None = None, ours: str = "steps"
) -> dict[str, float]:
    """Return how many times less time per image *ours* takes than the best variant of *side*."""
    mine, theirs = typical(runs, ours), best(runs, side, allocator)
    return {
        model: theirs[model] / mine[model] for model in MODELS if {model} <= mine.keys() & theirs
    }


def typical(runs: Runs, side: str) -> dict[str, float]:
    """Return the median time per image of *side*, in microseconds, by model."""
    each = {model: of_model(runs, side, model) for model in MODELS}
    return {model: middle(some, per_image) for model, some in each.items() if some}


def best(runs: Runs, side: str, allocator: str | None = None) -> dict[str, float]:
    """Return the time per image of the best variant of *side* that ran, by model."""
    each = {
        model: [
            per_image(run)
            for run in of_model(runs, side, model)
            if "error" not in run and run.get("allocator") == allocator
        ]
        for model in MODELS
    }
    return {model: min(times) for model, times in each.items() if times}


def on_avx2(runs: Runs) -> dict[str, Any]:
    """Return the times per image with AVX2 alone, by side and model, and how ours compare."""
    sides = {
        "ours": typical(runs, "avx2"),
        "keras": typical(runs, "avx2_keras"),
        "keras_onednn": typical(runs, "avx2_keras_onednn"),
        "pytorch": best(runs, "avx2_pytorch", "system"),
        "pytorch_tuned_allocator": best(runs, "avx2_pytorch", "reuse"),
    }
    return {
        "avx2_microseconds_per_image": {side: times for side, times in sides.items() if times},
        "speedup_over_pytorch_tuned_allocator_avx2": over_peer(
            runs, "avx2_pytorch", "reuse", ours="avx2"
        ),
    }


def peak_share(runs: Runs) -> dict[str, float]:
    """Return the share of the machine's matrix-product peak that each model's training reaches.

    The peak is that of the precision trained in, the work that of the training steps.
    """
    if not runs.get("peak"):
        return {}
    shares = {}
    for model in MODELS:
        ours = of_model(runs, "steps", model)
        if ours:
            limit = max(run[f"{ours[0]['precision']}_gflops"] for run in runs["peak"]) * 1e9
            reached = ours[0]["training_flops"] / (middle(ours, per_image) / 1e6)
            shares[model] = reached / limit
    return shares


def rounded(value: Any) -> Any:
    """Return *value* with its floats at five significant digits."""
    if isinstance(value, Mapping):
        return {key: rounded(each) for key, each in value.items()}
    return float(np.format_float_positional(value, 5, fractional=False))
