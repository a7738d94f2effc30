"""The short list of experiments, from tables as ``dvc exp show --csv`` writes them."""

import io

import pandas as pd

from tools.experiments import shortened

HEADER = "rev,typ,metrics/evaluate/m1.json:accuracy,metrics/evaluate/m1.json:loss"


def read(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str)


def test_without_experiments_there_is_the_workspace_and_the_branch() -> None:
    short = shortened(read(f"{HEADER}\nworkspace,baseline,0.9,1\nmain,baseline,0.8,2\n"))
    assert short.to_dict("list") == {
        "experiment": ["workspace", "main"],
        "m1 accuracy": ["0.9", "0.8"],
    }


def test_an_experiment_has_its_name_and_the_parameters_that_differ() -> None:
    rows = "\n,workspace,baseline,0.9,1,3,a.py\ncold-fish,abc,branch,0.7,1,,b.py\n"
    short = shortened(read(f"Experiment,{HEADER},train.epochs,stages/a.py{rows}"))
    assert short.to_dict("list") == {
        "experiment": ["workspace", "cold-fish"],
        "m1 accuracy": ["0.9", "0.7"],
        "train.epochs": ["3", "-"],
    }
