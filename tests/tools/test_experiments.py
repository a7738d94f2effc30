"""The short list of experiments, from what ``dvc exp show --csv`` writes."""

import csv

from tools.experiments import listed

FILES = "metrics/evaluate/m1.json:accuracy,metrics/evaluate/m1.json:loss"
FILES += ",metrics/evaluate/m2.json:accuracy"
# As DVC has it: what has not succeeded comes with the numbers of its commit, null is nothing.
SHOWN = f"""Experiment,rev,typ,State,{FILES},train.seed,train.size,export,stages/a.py
,workspace,baseline,,0.9,1.0,!,0,,['m1'],abc
,main,baseline,,0.8,1.0,,0,,['m1'],abd
sad-cow,0123456,branch_commit,Failed,0.8,1.0,0.8,0,[0],['m1'],abd
cold-fish,0123457,branch_commit,Success,0.7,1.0,0.6,0,[2],['m1'],abd
old-hat,0123458,branch_base,,0.12345678,1.0,0.6,0,3,['m2'],abd
""".splitlines()
NAMES = ["workspace", "main", "sad-cow", "cold-fish", "old-hat"]


def test_numbers_are_an_experiments_own_and_only_parameters_that_differ_are_shown() -> None:
    assert listed(csv.DictReader(SHOWN)).to_dict("list") == {
        "experiment": NAMES,
        "state": ["-", "-", "Failed", "Success", "Success"],
        "m1": ["0.9", "0.8", "-", "0.7", "0.1235"],
        "m2": ["-", "-", "-", "0.6", "0.6"],
        "train.size": ["-", "-", "[0]", "[2]", "3"],
    }
    # DVC leaves the column of states out if none has one.
    stateless = csv.DictReader(
        ["Experiment,rev,typ", ",main,baseline", "old-hat,0123458,branch_base"]
    )
    assert [*listed(stateless)["state"]] == ["-", "Success"]
