"""The short list of experiments, from what ``dvc exp show --json`` writes."""

from typing import Any

from tools.experiments import listed


def revision(name: str | None, accuracy: float, **train: object) -> dict[str, Any]:
    """Return a revision with this accuracy of one model, and these parameters."""
    data = {
        "metrics": {
            "metrics/evaluate/m1.json": {"data": {"accuracy": accuracy, "loss": 1.0}},
            "metrics/evaluate/m2.json": {"error": {"msg": "damaged"}},
        },
        "params": {"params.yaml": {"data": {"train": {"seed": 0} | train}}},
    }
    return {"rev": "0123456789", "name": name, "data": data, "experiments": None}


def test_numbers_are_an_experiments_own_and_only_parameters_that_differ_are_shown() -> None:
    # As DVC has it: what has not succeeded comes with the numbers of its commit.
    unfinished = {"revs": [revision("sad-cow", 0.8, size=[0])], "executor": {"state": "failed"}}
    successful = {"revs": [revision("cold-fish", 0.7, size=[2])], "executor": {"state": "success"}}
    forgotten = {"revs": [revision("old-hat", 0.12345678, size=3)], "executor": None}
    branch = revision("main", 0.8, size=None)
    branch["experiments"] = [unfinished, successful, forgotten]
    assert listed([revision(None, 0.9), branch]).to_dict("list") == {
        "experiment": ["012345678", "main", "sad-cow", "cold-fish", "old-hat"],
        "state": ["-", "-", "Failed", "Success", "Success"],
        "m1": ["0.9", "0.8", "-", "0.7", "0.1235"],
        "train.size": ["-", "None", "[0]", "[2]", "3"],
    }
    unreadable = {"revs": [{"rev": "abc", "name": "odd", "data": None}], "executor": None}
    branch["experiments"] = [unreadable]
    assert listed([branch])["m1"].to_list() == ["0.8", "-"]
