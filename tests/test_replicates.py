"""Experiments that differ in their seed alone, put together."""

import io
from pathlib import Path

import pandas as pd
import pytest

from tests import pipeline
from tools.replicates import over_seeds

RUNS = """\
recipe,model,parameters,accuracy,seed,machine
fast,model1,10,0.90,0,here
fast,model1,10,0.94,1,here
fast,model2,20,0.50,0,here
accurate,model1,10,0.97,0,here
fast,model1,10,0.92,0,there
"""


def test_mean_and_deviation_are_over_seeds_and_of_one_seed_the_last_run_counts() -> None:
    table = over_seeds(pd.read_csv(io.StringIO(RUNS)))
    rows = {(row["recipe"], row["model"]): row for row in table.to_dict("records")}
    # By hand: of 0.92 and 0.94 the mean is 0.93, the deviation 0.02 / sqrt(2).
    row = rows["fast", "model1"]
    assert row["accuracy_mean"] == pytest.approx(0.93)
    assert row["accuracy_deviation"] == pytest.approx(0.02 / 2**0.5)
    assert row["machine"] == "here and there"
    assert {key: row["seeds"] for key, row in rows.items()} == {
        ("fast", "model1"): 2,
        ("fast", "model2"): 1,
        ("accurate", "model1"): 1,
    }


def test_experiments_are_read_from_dvc_and_git(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    project = pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    listing = "dvc exp show --json | python -m tools.replicates"
    # Nothing trains: what DVC saves is the results that are there.
    for seed in (0, 1):
        before, after = (f"  seed: {number}\n  precision" for number in (seed, seed + 1))
        project.replace("params.yaml", before, after)
        project.output("dvc", "exp", "save", "--force", "--name", f"seed-{seed + 1}")
    table = pd.read_csv(io.StringIO(project.output("sh", "-c", f"{listing} mnist_784")))
    saved = pd.read_csv(project.folder / "metrics/comparison.csv")
    assert table["accuracy_mean"].tolist() == pytest.approx(saved["accuracy"].tolist())
    assert table["seeds"].tolist() == [2, 2]
    refused = project.command("sh", "-c", f"{listing} cifar10")
    assert "error: no experiment on cifar10" in refused.stdout
