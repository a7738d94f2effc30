"""McNemar's test and Holm's correction, by hand."""

import pandas as pd
from scipy.stats import binomtest

from stages.compare.significance import pairs


def test_the_pairs_and_holms_correction_for_their_number() -> None:
    # Images that one alone gets right: of a and b 6 and 9, of a and c 6 and 1, of b and c 9 and 1.
    correct = pd.DataFrame(
        {
            "a": [True] * 6 + [False] * 10,
            "b": [False] * 6 + [True] * 9 + [False],
            "c": [False] * 15 + [True],
        }
    )
    p_ab, p_ac, p_bc = (binomtest(*counts).pvalue for counts in ((6, 15), (6, 7), (9, 10)))
    # Step by step, as Holm 1979 (https://www.jstor.org/stable/4615733) has it.
    expected = [
        ("a", "b", -3 / 16, p_ab, p_ab, 6, 9, "a, b"),
        ("a", "c", 5 / 16, p_ac, 2 * p_ac, 6, 1, "a, c"),
        ("b", "c", 8 / 16, p_bc, 3 * p_bc, 9, 1, "b, c"),
    ]
    found = pairs(correct)
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, columns=found.columns))
    assert pairs(correct[["a"]]).empty
