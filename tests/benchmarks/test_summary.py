"""The benchmarks' summary, worked by hand on a few runs, and its table."""

import json
from typing import Any

from benchmarks.run import RESULTS
from benchmarks.summary import report, summarize


def by_model(value: float) -> dict[str, float]:
    return {"model1": value, "model2": 2 * value, "model3": 4 * value}


def runs(key: str, *values: float, **others: Any) -> list[dict[str, Any]]:
    """Return a run of each model for each of the *values*, which are model1's."""
    each = [item for value in values for item in by_model(value).items()]
    return [{"model": model, key: value, **others} for model, value in each]


TIME, BF16 = "microseconds_per_image", {"precision": "bfloat16"}
PYTORCH = [*runs(TIME, 300.0, 200.0, allocator="system"), *runs(TIME, 150.0, allocator="reuse")]
SIDES: dict[str, list[dict[str, Any]]] = {
    "peak": [{"bfloat16_gflops": 5.0, "float32_gflops": 9.0}, {"bfloat16_gflops": 8.0}],
    "steps": runs(TIME, 90.0, 100.0, 900.0, training_flops=400_000, **BF16),
    "same_work": runs("train_seconds", 20.0, 30.0, peak_memory_bytes=10, **BF16),
    "fast": runs("train_seconds", 2.0, 4.0, 9.0, **BF16),
    "accurate": runs("train_seconds", 90.0, **BF16),
    "notebook": runs("fit_seconds", 100.0, peak_memory_bytes=40),
    "pytorch": PYTORCH,
    "avx2": runs(TIME, 120.0, 50.0, 40.0),
    "avx2_keras": runs(TIME, 700.0),
    "avx2_keras_onednn": runs(TIME, 600.0),
    "avx2_pytorch": PYTORCH,
    "growth": [
        {"images_per_second": 100.0, "peak_memory_bytes": 100},
        {"images_per_second": 50.0, "peak_memory_bytes": 108},
    ],
    "sweep": [
        {"workers": 8, "trials": 64, "trial_seconds": 1.0, "seconds": 9.0},
        {"experiments": 10, "trial_seconds": 1.0, "show_seconds": 2.0},
        {"experiments": 300, "trial_seconds": 30.0, "show_seconds": 60.0},
    ],
    "overhead": [{"seconds": 70.0, "fit_seconds": 40.0}],
    "first_run": [{"machine": "a", "seconds": 600.0}, {"machine": "b", "seconds": 90.0}],
}
REACHED = {
    "notebook": by_model(0.1),
    "fast": by_model(0.1) | {"ensemble": 0.5},
    "accurate": by_model(0.2) | {"ensemble": 0.9954},
}
EXPECTED = {
    "speedup_to_accuracy": 25.0,
    "speedup_same_work": 4.0,
    "speedup_over_pytorch": dict.fromkeys(by_model(0), 2.0),
    "speedup_over_pytorch_tuned_allocator": dict.fromkeys(by_model(0), 1.5),
    "avx2_microseconds_per_image": {
        "ours": by_model(50.0),
        "keras": by_model(700.0),
        "keras_onednn": by_model(600.0),
        "pytorch": by_model(200.0),
        "pytorch_tuned_allocator": by_model(150.0),
    },
    "speedup_over_pytorch_tuned_allocator_avx2": dict.fromkeys(by_model(0), 3.0),
    # 400,000 operations in 100, 200 and 400 microseconds: 4, 2 and 1 of 8 GFLOP/s.
    "peak_share": {"model1": 0.5, "model2": 0.25, "model3": 0.125},
    "memory_ratio_model3": 0.25,
    "memory_growth_8x": 1.08,
    "time_per_image_growth_8x": 2.0,
    "sweep_trial_seconds": {"10": 1.0, "300": 30.0},
    "sweep_show_seconds": {"10": 2.0, "300": 60.0},
    "sweep_over_ideal": 1.125,
    "accuracy_fast": by_model(0.1),
    "accuracy_accurate": by_model(0.2),
    "accuracy_ensemble": 0.9954,
    "minutes_accurate": by_model(1.5),
    "overhead_seconds_fast": 30.0,
    "first_run_minutes": {"a": 10.0, "b": 1.5},
}


def test_speed_to_accuracy_is_claimed_only_where_each_model_reaches_it() -> None:
    assert summarize(SIDES, REACHED) == EXPECTED
    missed = REACHED | {"fast": REACHED["fast"] | {"model2": 0.19}}
    assert EXPECTED.keys() - summarize(SIDES, missed) == {"speedup_to_accuracy"}


def test_the_table_of_the_measurements_is_the_committed_one() -> None:
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    table = RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert report(content["summary"], content["sides"]) == table
