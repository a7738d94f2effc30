"""Intervals, McNemar's test and Holm's correction, against published worked examples."""

import pandas as pd
import pytest

from stages.compare.significance import COLUMNS, intervals, pairs


def test_the_interval_is_the_published_one() -> None:
    # Newcombe 1998, table I, method 3:
    # https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
    found = intervals(pd.DataFrame({"a": [True] * 81 + [False] * 182}))
    assert found.loc["a"].to_dict() == pytest.approx({"low": 0.2553, "high": 0.3662}, abs=5e-5)


@pytest.mark.parametrize(
    ("both", "first", "second", "neither", "p_value"),
    [
        # Fagerland, Lydersen and Laake 2013, https://doi.org/10.1186/1471-2288-13-91, table 1 (data
        # of Bentur et al.) and its exact conditional test.
        (1, 1, 7, 12, 0.0703),
        (53, 0, 0, 0, 1.0),
    ],
)
def test_mcnemars_exact_test_gives_the_published_p(
    both: int, first: int, second: int, neither: int, p_value: float
) -> None:
    rows = [(True, True)] * both + [(True, False)] * first
    rows += [(False, True)] * second + [(False, False)] * neither
    table = pairs(pd.DataFrame(rows, columns=["a", "b"]))
    assert list(table) == COLUMNS
    p_values = [pytest.approx(p_value, abs=5e-5)] * 2
    difference = pytest.approx((first - second) / len(rows))
    assert table.iloc[0].tolist() == ["a", "b", difference, *p_values, first, second, "a, b"]


def test_holm_makes_up_for_the_number_of_pairs() -> None:
    # Images that one alone gets right: of a and b 6 and 9, of a and c 6 and 1, of b and c 9 and 1.
    correct = pd.DataFrame(
        {
            "a": [True] * 6 + [False] * 10,
            "b": [False] * 6 + [True] * 9 + [False],
            "c": [False] * 15 + [True],
        }
    )
    table = pairs(correct)
    assert table["pair"].tolist() == ["a, b", "a, c", "b, c"]
    p_ab, p_ac, p_bc = table["p_value"]
    assert p_bc < p_ac < p_ab
    # Step by step, as Holm 1979 (https://www.jstor.org/stable/4615733) has it.
    assert table["p_holm"].tolist() == pytest.approx([p_ab, 2 * p_ac, 3 * p_bc])
    assert pairs(correct[["a"]]).empty
