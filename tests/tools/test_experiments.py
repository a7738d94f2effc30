"""The short list of experiments, from what ``dvc exp show --json`` writes."""

from typing import Any

import pytest

from tools.experiments import listed


def revision(name: str | None, accuracy: float | None, **train: object) -> dict[str, Any]:
    """Return a revision with this accuracy of one model, and these parameters."""
    metrics = {"metrics/evaluate/m1.json": {"data": {"accuracy": accuracy, "loss": 1.0}}}
    data = {
        "metrics": {} if accuracy is None else metrics,
        "params": {"params.yaml": {"data": {"train": {"seed": 0} | train}}},
    }
    return {"rev": "0123456789", "name": name, "data": data, "error": None, "experiments": None}


def test_without_experiments_there_is_the_working_tree_and_the_branch() -> None:
    branch = revision("main", 0.12345678)
    branch["data"]["metrics"]["metrics/evaluate/m2.json"] = {"error": {"msg": "damaged"}}
    assert listed([revision(None, 0.9), branch]).to_dict("list") == {
        "experiment": ["012345678", "main"],
        "state": ["-", "-"],
        "m1 accuracy": ["0.9", "0.1235"],
    }


@pytest.mark.parametrize("state", ["queued", "running", "failed"])
def test_numbers_are_an_experiments_own_and_only_parameters_that_differ_are_shown(
    state: str,
) -> None:
    # As DVC has it: what has not succeeded comes with the numbers of its commit.
    unfinished = {"revs": [revision("sad-cow", 0.8, size=[0])], "executor": {"state": state}}
    successful = {"revs": [revision("cold-fish", 0.7, size=[2])], "executor": {"state": "success"}}
    forgotten = {"revs": [revision("old-hat", 0.6, size=[2])], "executor": None}
    unreadable = {"revs": [{"rev": "abc", "name": "odd", "data": None}], "executor": None}
    branch = revision("main", 0.8, size=[2])
    branch["experiments"] = [unfinished, successful, forgotten, unreadable]
    assert listed([branch]).to_dict("list") == {
        "experiment": ["main", "sad-cow", "cold-fish", "old-hat", "odd"],
        "state": ["-", state.capitalize(), "Success", "Success", "Success"],
        "m1 accuracy": ["0.8", "-", "0.7", "0.6", "-"],
        "train.size": ["[2]", "[0]", "[2]", "[2]", "-"],
        "train.seed": ["0", "0", "0", "0", "-"],
    }
