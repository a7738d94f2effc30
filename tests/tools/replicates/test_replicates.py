"""Several seeds: means, differences and the ensemble, by hand; and `make replicates` itself."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from tests.support import pipeline
from tests.support.pipeline import TINY_MODELS
from tools.replicates.tables import tables

RECIPES, FILES = ("fast", "accurate"), ("models", "differences")
RUNS = pd.DataFrame(
    [
        ["model1", 0.90, 1.0, 0, "here", "abc"],
        ["model2", 0.95, 2.0, 0, "here", "abc"],
        ["model1", 0.94, 3.0, 1, "here", "abc"],
        ["model2", 0.96, 2.0, 1, "here", "def"],
        ["model1", 0.92, 2.0, 2, "there", "abc"],
        ["model2", 0.97, 2.0, 2, "there", "abc"],
    ],
    columns=["model", "accuracy", "seconds", "seed", "machine", "fingerprint"],
).assign(parameters=10)


def test_each_recipe_has_the_spread_over_its_seeds_and_differences_on_the_same_seed() -> None:
    # The order of the seeds says nothing.
    others = RUNS.assign(recipe="accurate", accuracy=0.99)
    runs = pd.concat([RUNS.assign(recipe="fast"), others]).sort_values(["model", "accuracy"])
    found = dict(tables(runs))
    assert {*found} == {f"{recipe}/{file}.csv" for recipe in RECIPES for file in FILES}
    assert found["accurate/models.csv"]["accuracy_mean"].tolist() == pytest.approx([0.99, 0.99])

    row, other = found["fast/models.csv"].to_dict("records")
    # Student's t for 95 % and two degrees of freedom is 4.3027, as printed tables have it.
    half = 4.3027 * 0.02 / 3**0.5
    spread = [row[f"accuracy_{key}"] for key in ("mean", "deviation", "low", "high")]
    assert spread == pytest.approx([0.92, 0.02, 0.92 - half, 0.92 + half], abs=1e-5)
    assert (row["seconds_mean"], row["seconds_deviation"]) == pytest.approx((2, 1))
    assert (row["parameters"], row["seeds"], row["machine"]) == (10, 3, "here and there")
    # What a run's training has to be to count as one of these, if they agree.
    assert [row["fingerprint"], other["fingerprint"]] == ["abc", ""]

    (row,) = found["fast/differences.csv"].to_dict("records")
    first, second = (RUNS[RUNS["model"] == name]["accuracy"] for name in ("model1", "model2"))
    interval = ttest_rel(first, second).confidence_interval(0.95)
    assert [row["first"], row["second"]] == ["model1", "model2"]
    assert [row["mean"], row["low"], row["high"]] == pytest.approx([-0.04, *interval])


def test_other_differences_than_the_seeds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    command = pytest.importorskip("tools.replicates.__main__", exc_type=ImportError)
    assert command.main(["--set", "a=1,2"]) == 1
    line = "error: SET: a=1,2: several values; only the seed may differ\n"
    assert capsys.readouterr().err == line


@pytest.mark.skipif("SWEEPS" not in os.environ, reason="run by `make test-sweeps`")
def test_the_tables_are_those_of_the_experiments(tmp_path: Path) -> None:
    # A part of a larger repository.
    project = pipeline.clone(tmp_path / "whole/project")
    (project.folder / ".git").rename(tmp_path / "whole/.git")
    project.set_params({"train.epochs": 1, "models": TINY_MODELS})
    project.commit("Tiny models")
    project.make("replicates", "SEEDS=2")
    written = project.folder / "metrics/replicates/notebook"
    table = pd.read_csv(written / "models.csv", index_col="model")
    names = project.output("dvc", "exp", "list", "--name-only").split()
    assert len(names) == 2
    runs = []
    for name in names:
        project.output("dvc", "exp", "apply", name)
        folder = project.folder / "metrics"
        run = pd.read_csv(folder / "comparison.csv", index_col="model")["accuracy"]
        first, second = (np.load(folder / f"probabilities/{model}.npy") for model in TINY_MODELS)
        actual = pd.read_csv(folder / "predictions/model1.csv")["actual"]
        # The mean of the probabilities decides.
        run["ensemble"] = ((first + second).argmax(axis=1) == actual).mean()
        runs.append(run)
    expected = pd.concat(runs, axis=1).mean(axis=1)
    assert table["accuracy_mean"].to_dict() == pytest.approx(expected.to_dict(), rel=1e-5)
    pairs = pd.read_csv(written / "differences.csv", index_col=["first", "second"])
    above = expected["ensemble"] - expected["model2"]
    assert pairs["mean"]["model2", "ensemble"] == pytest.approx(-above, abs=1e-6)
