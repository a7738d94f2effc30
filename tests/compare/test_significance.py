"""Intervals, McNemar's test and Holm's correction, against published worked examples."""

import numpy as np
import pandas as pd
import pytest

from stages.compare.significance import COLUMNS, intervals, pairs


def answers(*, both: int = 0, first: int = 0, second: int = 0, neither: int = 0) -> pd.DataFrame:
    """Return who is right on so many images, in a shuffled order."""
    rows = [(True, True)] * both + [(True, False)] * first
    rows += [(False, True)] * second + [(False, False)] * neither
    return pd.DataFrame(rows, columns=["a", "b"]).sample(frac=1, random_state=0)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    # Newcombe 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
    # table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 1 - 0.1611, 1.0),
    ],
)
def test_the_interval_is_the_published_one(hits: int, count: int, low: float, high: float) -> None:
    correct = pd.DataFrame({"a": [True] * hits + [False] * (count - hits)})
    found = intervals(correct).loc["a", ["low", "high"]]
    assert list(found) == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize(
    ("both", "first", "second", "neither", "p_value"),
    [
        # Fagerland, Lydersen and Laake 2013, https://doi.org/10.1186/1471-2288-13-91, table 1 (data
        # of Bentur et al.) and its exact conditional test.
        (1, 1, 7, 12, 0.0703),
        # By hand: 2 * (1 + 6) / 2**6.
        (50, 5, 1, 3, 14 / 64),
        (50, 0, 0, 3, 1.0),
    ],
)
def test_mcnemars_exact_test_gives_the_published_p(
    both: int, first: int, second: int, neither: int, p_value: float
) -> None:
    correct = answers(both=both, first=first, second=second, neither=neither)
    (row,) = pairs(correct).to_dict("records")
    assert list(row) == COLUMNS
    assert (row["first"], row["second"]) == ("a", "b")
    assert (row["first_only"], row["second_only"]) == (first, second)
    assert row["difference"] == pytest.approx((first - second) / len(correct))
    assert row["p_value"] == row["p_holm"] == pytest.approx(p_value, abs=5e-5)


def test_holm_makes_up_for_the_number_of_pairs() -> None:
    # Images that one model alone gets right: a and b part on 6 of 6, b and c on 9 of 10.
    correct = pd.DataFrame(
        {
            "a": [True] * 6 + [False] * 10 + [True] * 20,
            "b": [False] * 6 + [True] * 9 + [False] + [True] * 20,
            "c": [False] * 15 + [True] + [True] * 20,
        }
    )
    table = pairs(correct)
    assert list(zip(table["first"], table["second"], strict=True)) == [
        ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip
    raw = table["p_value"].to_numpy()
    # Step by step, as Holm 1979 (https://www.jstor.org/stable/4615733) has it.
    order = np.argsort(raw)
    expected = np.maximum.accumulate(raw[order] * [3, 2, 1]).clip(max=1)
    assert list(table["p_holm"].to_numpy()[order]) == pytest.approx(list(expected))
    assert (table["p_holm"] >= raw).all()
    assert raw[2] == pytest.approx(2 * (1 + 10) / 2**10)


def test_one_model_has_no_pair() -> None:
    assert pairs(pd.DataFrame({"a": [True, False]})).empty
