"""The two sentences: they call a model the most accurate where that is more than luck."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from stages.verdict import probability, verdict
from tests.support.results import described, pairs_of

LABELS = np.eye(3)[[0, 1, 2, 2] * 250]
IMAGES = described(LABELS, "xyz", "mnist_784")
TEST = "McNemar's exact test, Holm's correction"


def table(**accuracies: float) -> pd.DataFrame:
    rows = {"model": list(accuracies), "accuracy": list(accuracies.values()), "recipe": "fast"}
    found = pd.DataFrame(rows)
    return found.assign(accuracy_low=found["accuracy"] - 0.01, accuracy_high=found["accuracy"])


def test_the_best_is_called_so_where_every_other_is_behind_by_more_than_luck() -> None:
    luck = pairs_of(("a", "b", -0.05, 1e-9), ("a", "c", -0.03, 0.5), ("b", "c", 0.02, 0.0312))
    assert verdict(table(a=0.9, b=0.95, c=0.93), luck, IMAGES) == (
        "a, b and c (recipe fast) were compared on 1,000 test images from mnist_784 in 3 classes. "
        "b is the most accurate with 95.00 %, and that is more than the luck of the images "
        f"(p ≤ 0.032; {TEST})."
    )


def test_a_lead_that_may_be_luck_is_called_that() -> None:
    luck = pairs_of(("a", "b", -0.05, 1e-9), ("a", "c", -0.049, 1e-9), ("b", "c", 0.001, 0.4))
    assert verdict(table(a=0.9, b=0.95, c=0.949), luck, IMAGES).endswith(
        " b comes first with 95.00 %, but that may be luck: on these images it is no different "
        f"from c (p = 0.4; {TEST})."
    )


def test_many_models_are_counted_and_one_is_compared_with_nothing() -> None:
    names = list("abcdef")
    many = table(**{name: 0.9 - place / 1000 for place, name in enumerate(names)})
    said = verdict(many, pairs_of(*(("a", name, 0.001, 0.5) for name in names[1:])), IMAGES)
    assert said.startswith("6 models (recipe fast) were compared on ")
    assert "no different from 5 others (p ≥ 0.5; " in said
    assert verdict(table(a=0.9), pairs_of(), described(LABELS, "xyz", "mine")) == (
        "a (recipe fast) was tested on 1,000 test images from mine in 3 classes. "
        "a is right on 90.00 % of them."
    )


@pytest.mark.parametrize(
    ("share", "names", "told"),
    [
        (1, "a", "a is right on every image."),
        (1, "ab", "Both are right on every image."),
        (1, "abc", "All three are right on every image."),
        (0, "abcd", "All 4 are right on none."),
        (0.5, "ab", "Both are right on 50.00 % of them."),
    ],
)
def test_models_all_right_or_all_wrong_are_not_ranked(share: float, names: str, told: str) -> None:
    ties = pairs_of(*((one, other, 0, 1) for one, other in combinations(names, 2)))
    assert verdict(table(**dict.fromkeys(names, share)), ties, IMAGES).endswith(f"classes. {told}")


def test_models_that_lead_together_are_named_together() -> None:
    luck = pairs_of(("a", "b", 0, 1), ("a", "c", 0.1, 0.4), ("b", "c", 0.1, 0.2))
    assert (
        " a and b come first with 90.00 %, but that may be luck: on these images they are no "
        in (verdict(table(a=0.9, b=0.9, c=0.8), luck, IMAGES))
    )
    sure = luck.assign(p_holm=[1, 0.01, 0.02])
    assert " a and b are the most accurate with 90.00 %, and that is more than the luck" in (
        verdict(table(a=0.9, b=0.9, c=0.8), sure, IMAGES)
    )


def test_few_images_and_missing_classes_are_told_at_once() -> None:
    few = described(np.eye(3)[[0, 1] * 8 + [1]], "xyz", "pets/")
    wide = table(a=1.0).assign(accuracy_low=0.816)
    assert verdict(wide, pairs_of(), few).partition("on ")[2] == (
        "17 test images from pets/ in 2 of 3 classes. a is right on every image. So few images "
        "tell little: each of the 17 counts for 5.9 points, and on others a may be right on 82 to "
        "100 % (95 % interval). There is no test image of z, so no number here is about such "
        "images; split.stratified: true gives each class its share."
    )


def test_p_is_written_as_people_write_it() -> None:
    said = {
        "p < 0.0001": (1e-12, "≤"),
        # Never across the level, nor across a bound.
        "p = 0.0499": (0.0499, "="),
        "p ≤ 0.0498": (0.0498, "≤"),
        "p ≥ 0.43": (0.439, "≥"),
        "p = 0.05": (0.05, "="),
    }
    assert {probability(*given): given for given in said.values()} == said
