"""The two sentences: they call a model the most accurate where that is more than luck."""

import pandas as pd

from stages.verdict import images_tested, probability, verdict

IMAGES = images_tested("mnist_784", [0, 1, 2, 2] * 250)
TEST = "McNemar's exact test, Holm's correction"


def table(**accuracies: float) -> pd.DataFrame:
    rows = {"model": list(accuracies), "accuracy": list(accuracies.values()), "recipe": "fast"}
    return pd.DataFrame(rows)


def pairs(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["first", "second", "difference", "p_holm"])


def test_the_best_is_called_so_where_every_other_is_behind_by_more_than_luck() -> None:
    luck = pairs(("a", "b", -0.05, 1e-9), ("a", "c", -0.03, 0.5), ("b", "c", 0.02, 0.0312))
    assert verdict(table(a=0.9, b=0.95, c=0.93), luck, IMAGES) == (
        "a, b and c (recipe fast) were compared on 1,000 test images of mnist_784 in 3 classes. "
        "b is the most accurate with 95.00 %, and that is more than the luck of the images "
        f"(p ≤ 0.032; {TEST})."
    )


def test_a_lead_that_may_be_luck_is_called_that() -> None:
    luck = pairs(("a", "b", -0.05, 1e-9), ("a", "c", -0.049, 1e-9), ("b", "c", 0.001, 0.4))
    assert verdict(table(a=0.9, b=0.95, c=0.949), luck, IMAGES).endswith(
        " b comes first with 95.00 %, but that may be luck: on these images it is no different "
        f"from c (p = 0.4; {TEST})."
    )


def test_many_models_are_counted_and_one_is_compared_with_nothing() -> None:
    names = list("abcdef")
    many = table(**{name: 0.9 - place / 1000 for place, name in enumerate(names)})
    said = verdict(many, pairs(*(("a", name, 0.001, 0.5) for name in names[1:])), IMAGES)
    assert said.startswith("6 models (recipe fast) were compared on ")
    assert "no different from 5 others (p ≥ 0.5; " in said
    assert verdict(table(a=0.9), pairs(), images_tested("mine", ["x"])) == (
        "a (recipe fast) was tested on 1 test images of mine in 1 class. "
        "a is right on 90.00 % of them."
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
