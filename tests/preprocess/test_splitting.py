"""Which images are trained on, watched and tested on."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from stages.preprocess.splitting import Split, split_indices

TWO, THREE = {"train": 60, "test": 10}, {"train": 40, "validation": 20, "test": 10}
LABELS = np.arange(70) % 3


def split(test: float | None, validation: float, seed: int = 0, stratified: bool = False) -> Split:
    return Split(
        test_fraction=test, validation_fraction=validation, seed=seed, stratified=stratified
    )


@pytest.mark.parametrize(
    ("limit", "asked", "own"),
    [
        # The notebook's.
        (None, split(1 / 7.0, 0), {}),
        # With a fraction it does not count how the data itself is split.
        (None, split(1 / 7, 0.25, seed=7), THREE),
        (None, split(None, 0.25, seed=7), TWO),
        # The first images alone; more than there are.
        (7, split(1 / 7, 0), {}),
        (71, split(0.1, 0.1), {}),
    ],
)
def test_the_parts_are_scikit_learns(limit: int | None, asked: Split, own: dict[str, int]) -> None:
    train, test = np.arange(60), np.arange(60, 70)
    if (fraction := asked.test_fraction) is not None:
        images = np.arange(70)[:limit]
        train, test = train_test_split(images, test_size=fraction, random_state=asked.seed)
    watched = test
    if fraction := asked.validation_fraction:
        train, watched = train_test_split(train, test_size=fraction, random_state=asked.seed)
    parts = split_indices(LABELS, asked, own, limit)
    for name, expected in (("train", train), ("validation", watched), ("test", test)):
        np.testing.assert_array_equal(parts[name], expected)


@pytest.mark.parametrize(
    ("own", "limit", "expected"),
    [
        (TWO, None, [range(60), range(60, 70), range(60, 70)]),
        (THREE, None, [range(40), range(40, 60), range(60, 70)]),
        # Half of each, and at least one.
        (THREE, 35, [range(20), range(40, 50), range(60, 65)]),
        (THREE, 1, [range(1), range(40, 41), range(60, 61)]),
    ],
)
def test_without_a_test_fraction_the_parts_are_the_datas_own(
    own: dict[str, int], limit: int | None, expected: list[range]
) -> None:
    parts = split_indices(LABELS, split(None, 0), own, limit)
    assert [list(parts[name]) for name in ("train", "validation", "test")] == [*map(list, expected)]


@pytest.mark.parametrize("validation", [0, 0.2])
@pytest.mark.parametrize("test", [1 / 7, 0.5, 0.9])
@pytest.mark.parametrize(
    "counts", [(500, 3), (20, 20, 20), (4,) * 150, (1, 2, 3, 4, 5), (7, 70, 700)]
)
def test_stratified_each_class_has_its_share_and_an_image_in_each_part_if_it_has_as_many(
    counts: tuple[int, ...], test: float, validation: float
) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = split_indices(labels, split(test, validation, stratified=True), {})
    if not validation:
        assert parts.pop("validation") is parts["test"]
    # Each image is in one part.
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(len(labels)))
    for label, count in enumerate(counts):
        found = {name: int((labels[chosen] == label).sum()) for name, chosen in parts.items()}
        assert sum(number > 0 for number in found.values()) == min(count, len(parts))
        assert found["train"] > 0
        if count > 10 * len(parts):
            assert abs(found["test"] - count * test) <= 1
            left = count - found["test"]
            assert abs(found.get("validation", 0) - left * validation) <= 1
    other = split_indices(labels, split(test, validation, seed=1, stratified=True), {})
    assert not np.array_equal(parts["test"], other["test"])
