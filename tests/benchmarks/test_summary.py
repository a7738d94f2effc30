"""The benchmarks' summary, worked by hand on a few runs."""

from typing import Any

import pytest

from benchmarks.summary import MODELS, over_peer, peak_share, summarize
from benchmarks.table import report
from tools.machines import described

MACHINE = {
    "cores": 2,
    "processor": "a processor",
    "system": "Linux",
    "python": "3.11",
    "tensorflow": "2.21",
    "keras": "3.15",
}


# The notebook's are 97.6, 98.7 and 99.0 %.
FAST = {"model1": 0.976, "model2": 0.988, "model3": 0.99}
REACHED = {"fast": FAST}
MISSED = {"fast": FAST | {"model2": 0.986}}
MACHINES = {"notebook": MACHINE, "fast": MACHINE}


def ours(seconds: float) -> list[dict[str, Any]]:
    """Return one run of each model that took *seconds*."""
    return [
        {
            "model": model,
            "train_seconds": seconds,
            "images_per_second": 1000.0,
            "peak_memory_bytes": 10,
            "precision": "bfloat16",
        }
        for model in MODELS
    ]


def baseline(seconds: float, *, is_short: bool = False) -> list[dict[str, Any]]:
    return [
        {"model": m, "fit_seconds": seconds, "peak_memory_bytes": 40, "is_short": is_short}
        for m in MODELS
    ]


def steps(microseconds: float) -> list[dict[str, Any]]:
    return [
        {
            "model": m,
            "microseconds_per_image": microseconds,
            "precision": "bfloat16",
            "training_flops": 10**7,
        }
        for m in MODELS
    ]


def test_speedups_are_ratios_of_the_summed_medians() -> None:
    runs = {
        "notebook": baseline(100.0),
        "same_work": [*ours(20.0), *ours(30.0)],
        "fast": [*ours(2.0), *ours(4.0), *ours(9.0)],
    }
    summary = summarize(runs, REACHED)
    assert summary["speedup_same_work"] == pytest.approx(300 / 75)
    assert summary["speedup_to_accuracy"] == pytest.approx(300 / 12)
    assert summary["memory_ratio_model3"] == pytest.approx(0.25)


def test_peers_are_taken_at_their_best_variant_that_ran() -> None:
    peers: list[dict[str, Any]] = [
        {"model": "model1", "microseconds_per_image": 30.0, "allocator": "system"},
        {"model": "model1", "microseconds_per_image": 20.0, "allocator": "system"},
        {"model": "model1", "microseconds_per_image": 15.0, "allocator": "reuse"},
        {"model": "model1", "error": "no compiler", "allocator": "system"},
    ]
    slow = [{"model": "model1", "microseconds_per_image": 100.0}]
    runs = {"pytorch": peers, "jax": slow, "steps": steps(5.0)}
    assert over_peer(runs, "pytorch", "system") == {"model1": 4.0}
    assert over_peer(runs, "pytorch", "reuse") == {"model1": 3.0}
    assert over_peer(runs, "jax") == {"model1": 20.0}


def test_the_share_of_the_peak_is_work_over_time_over_the_best_product() -> None:
    runs: dict[str, list[dict[str, Any]]] = {
        "peak": [{"bfloat16_gflops": 500.0}, {"bfloat16_gflops": 800.0}],
        "steps": steps(100.0),
    }
    expected = dict.fromkeys(MODELS, 10000000.0 / 0.0001 / 800000000000.0)
    assert peak_share(runs) == pytest.approx(expected)


def test_a_notebook_of_fewer_epochs_is_called_short_and_gives_no_speed_to_accuracy() -> None:
    runs = {"notebook": baseline(10.0, is_short=True), "same_work": ours(2.0), "fast": ours(5.0)}
    summary = summarize(runs, REACHED)
    assert "speedup_to_accuracy" not in summary
    assert summary["speedup_same_work"] == pytest.approx(5.0)
    assert "A short run of few epochs" in report(summary, MACHINES, runs, REACHED)


def test_speed_to_accuracy_is_claimed_only_where_the_accuracy_is_reached() -> None:
    runs = {"notebook": baseline(100.0), "fast": ours(2.0)}
    for reached, claimed in ((REACHED, True), (MISSED, False), ({}, False)):
        summary = summarize(runs, reached)
        assert ("speedup_to_accuracy" in summary) == claimed
        assert ("No speed-up of `fast`" in report(summary, MACHINES, runs, reached)) != claimed


def test_what_was_not_measured_is_left_out() -> None:
    assert summarize({}, REACHED) == {}


def test_growth_compares_the_largest_with_the_smallest() -> None:
    grown = [
        {"images_per_second": 100.0, "peak_memory_bytes": 100},
        {"images_per_second": 50.0, "peak_memory_bytes": 108},
    ]
    summary = summarize({"growth": grown}, REACHED)
    assert summary["memory_growth_8x"] == pytest.approx(1.08)
    assert summary["time_per_image_growth_8x"] == pytest.approx(2.0)


def test_avx2_is_a_table_of_its_own_with_each_peer_at_its_best() -> None:
    slow, quick = steps(30.0), steps(20.0)
    runs = {
        "avx2": [*steps(4.0), *steps(5.0), *steps(9.0)],
        "avx2_keras": slow,
        "avx2_pytorch": [
            run | {"allocator": name}
            for name, each in (("system", [*slow, *quick]), ("reuse", steps(10.0)))
            for run in each
        ],
    }
    summary = summarize(runs, REACHED)
    expected = {"ours": 5.0, "keras": 30.0, "pytorch": 20.0, "pytorch_tuned_allocator": 10.0}
    assert summary["avx2_microseconds_per_image"] == {
        side: dict.fromkeys(MODELS, time) for side, time in expected.items()
    }
    ratio = summary["speedup_over_pytorch_tuned_allocator_avx2"]
    assert ratio == dict.fromkeys(MODELS, 2.0)
    lines = report(summary, MACHINES, runs, REACHED).splitlines()
    assert "| ours | 5 | 5 | 5 |" in lines


@pytest.mark.parametrize(
    ("machine", "named"),
    [
        ({"instructions": "avx avx2 avx512_bf16 avx512f"}, "a processor with avx512_bf16, Linux"),
        ({"instructions": "avx avx2", "onednn": True}, "a processor with avx2, Linux"),
        (
            {"instructions": "avx2", "variables": {"ONEDNN_MAX_CPU_ISA": "AVX2"}},
            "a processor with avx2 (held back by ONEDNN_MAX_CPU_ISA=AVX2), Linux",
        ),
        ({"onednn": False, "variables": {"A": "b"}}, "a processor (A=b and without oneDNN), Linux"),
    ],
)
def test_a_machine_is_named_with_what_it_computes_with(machine: dict[str, Any], named: str) -> None:
    assert described(MACHINE | machine).startswith(f"2 cores of {named}, with Python 3.11,")


def test_the_first_run_is_told_for_each_machine() -> None:
    runs = [{"machine": "a", "seconds": 600.0, "fit_seconds": 1.0}]
    assert summarize({"first_run": runs}, REACHED) == {"first_run_minutes": {"a": 10.0}}


def test_a_sweep_is_compared_with_the_ideal_and_with_more_experiments() -> None:
    stubs = {"workers": 8, "trials": 64, "trial_seconds": 1.0, "seconds": 9.0}
    trials = [
        {"experiments": count, "trial_seconds": count / 10, "show_seconds": float(count)}
        for count in (10, 300)
    ]
    summary = summarize({"sweep": [stubs, *trials]}, REACHED)
    assert summary == {
        "sweep_over_ideal": pytest.approx(9 / 8),
        "sweep_trial_seconds": {"10": 1.0, "300": 30.0},
        "sweep_show_seconds": {"10": 10.0, "300": 300.0},
    }


def test_the_table_has_a_row_for_each_side_that_was_measured() -> None:
    runs = {"notebook": baseline(100.0), "fast": ours(2.0)}
    lines = report(summarize(runs, REACHED), MACHINES, runs, REACHED).splitlines()
    assert "| the original notebook, fit | 100.0 s | 100.0 s | 100.0 s | 300.0 s | 1 |" in lines
    assert "| recipe `fast`, fit | 2.0 s | 2.0 s | 2.0 s | 6.0 s | 1 |" in lines
    assert any(line.endswith("| 50 | `speedup_to_accuracy` |") for line in lines)
    assert lines[-2].startswith("Measured by `make bench` on 2 cores of a processor,")
    assert lines[-1] == "Ours computes in bfloat16, the notebook's code in float32."


def test_sides_measured_on_different_machines_are_told_apart() -> None:
    machines = MACHINES | {"sweep": MACHINE | {"cores": 4}}
    last = report({}, machines, {}, REACHED).splitlines()[-1]
    one, other = last.split(" and on ")
    assert one.startswith("Measured by `make bench` on 2 cores")
    assert one.endswith("(`notebook`, `fast`)")
    assert other.startswith("4 cores of a processor")
    assert "(`sweep`);" in other


def test_best_accuracies_are_those_of_its_replicates() -> None:
    best = {"model1": 0.9961, "model2": 0.9962, "model3": 0.9973, "ensemble": 0.9979}
    summary = summarize({}, REACHED | {"best": best})
    assert summary["accuracy_best"] == {model: best[model] for model in MODELS}
    assert summary["accuracy_ensemble"] == 0.9979
    table = report(summary, MACHINES, {}, REACHED)
    assert "| model1 99.61%, model2 99.62%, model3 99.73% | `accuracy_best` |" in table
    assert "| 99.79% | `accuracy_ensemble` |" in table
    for incomplete in ({}, {"best": {"model1": 0.9961}}):
        assert "accuracy_best" not in summarize({}, REACHED | incomplete)
