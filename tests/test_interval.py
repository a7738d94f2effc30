"""The interval that chance alone leaves an accuracy in, against published values."""

import pytest

from stages.compare.comparison import wilson_interval


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
def test_wilson_interval_is_the_published_one(
    hits: int, count: int, low: float, high: float
) -> None:
    assert wilson_interval(hits / count, count) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("share", [0, 1])
def test_interval_stays_between_none_and_all(share: int) -> None:
    for count in range(1, 200):
        low, high = wilson_interval(share, count)
        assert 0 <= low <= high <= 1
