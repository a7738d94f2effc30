"""Which images are trained on, watched and tested on."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from stages.common.errors import StageError
from stages.preprocess.splitting import Split, split_indices


def split(test: float | None = 1 / 7, validation: float = 0, seed: int = 0) -> Split:
    return Split(test_fraction=test, validation_fraction=validation, seed=seed)


def test_the_notebooks_call_on_70_000_images_takes_the_same_ones() -> None:
    # As the notebook has them: images with four axes, labels as a column of a table.
    images = np.arange(70_000).reshape(-1, 1, 1, 1)
    target = pd.Series(np.arange(70_000))
    train_img, test_img, train_lbl, test_lbl = train_test_split(
        images, target, test_size=1 / 7.0, random_state=0
    )
    parts = split_indices(70_000, split(), {})
    assert (len(parts["train"]), len(parts["test"])) == (60_000, 10_000)
    np.testing.assert_array_equal(images[parts["train"]], train_img)
    np.testing.assert_array_equal(images[parts["test"]], test_img)
    np.testing.assert_array_equal(target.to_numpy()[parts["train"]], train_lbl.to_numpy())
    np.testing.assert_array_equal(target.to_numpy()[parts["test"]], test_lbl.to_numpy())


def test_without_a_validation_fraction_the_test_images_are_watched() -> None:
    parts = split_indices(70, split(), {})
    np.testing.assert_array_equal(parts["validation"], parts["test"])
    assert sorted([*parts["train"], *parts["test"]]) == list(range(70))


@pytest.mark.parametrize(
    ("count", "test", "validation", "sizes"),
    [
        # A seventh of 70 is 10; a quarter of the other 60 is 15.
        (70, 1 / 7, 0.25, (45, 15, 10)),
        (70_000, 1 / 7, 0.1, (54_000, 6_000, 10_000)),
        # scikit-learn rounds up: a tenth of 11 is 2, a tenth of the other 9 is 1.
        (11, 0.1, 0.1, (8, 1, 2)),
    ],
)
def test_validation_images_are_taken_from_the_training_images(
    count: int, test: float, validation: float, sizes: tuple[int, int, int]
) -> None:
    parts = split_indices(count, split(test, validation), {})
    assert tuple(len(parts[name]) for name in ("train", "validation", "test")) == sizes
    assert sorted(np.concatenate(list(parts.values()))) == list(range(count))
    np.testing.assert_array_equal(parts["test"], split_indices(count, split(test), {})["test"])


# With a fraction it does not count how the data itself is split.
@pytest.mark.parametrize(
    ("seed", "own"), [(0, {}), (7, {"train": 50, "validation": 5, "test": 15})]
)
def test_seed_decides_the_test_and_the_validation_images(seed: int, own: dict[str, int]) -> None:
    train, test = train_test_split(np.arange(70), test_size=1 / 7, random_state=seed)
    train, validation = train_test_split(train, test_size=0.25, random_state=seed)
    parts = split_indices(70, split(validation=0.25, seed=seed), own)
    for name, expected in (("train", train), ("validation", validation), ("test", test)):
        np.testing.assert_array_equal(parts[name], expected)


@pytest.mark.parametrize(
    ("count", "validation", "line"),
    [
        (1, 0, "params.yaml: split.test_fraction: 0.5 leaves a part without an image"),
        (2, 0.5, "params.yaml: split.validation_fraction: 0.5 leaves a part"),
    ],
)
def test_too_few_images_are_told_with_what_to_change(
    count: int, validation: float, line: str
) -> None:
    with pytest.raises(StageError) as caught:
        split_indices(count, split(0.5, validation), {})
    assert str(caught.value).startswith(line)
    assert "data.limit" in str(caught.value)


def test_a_limit_splits_the_first_images_alone() -> None:
    limited, few = split_indices(70, split(), {}, 7), split_indices(7, split(), {})
    assert {name: list(chosen) for name, chosen in limited.items()} == {
        name: list(chosen) for name, chosen in few.items()
    }
    assert len(split_indices(70, split(), {}, 71)["test"]) == 10


TWO, THREE = {"train": 60, "test": 10}, {"train": 40, "validation": 20, "test": 10}


@pytest.mark.parametrize(
    ("own", "limit", "train", "validation", "test"),
    [
        (TWO, None, range(60), range(60, 70), range(60, 70)),
        (THREE, None, range(40), range(40, 60), range(60, 70)),
        # Half of each; more than there are; and at least one.
        (THREE, 35, range(20), range(40, 50), range(60, 65)),
        (THREE, 71, range(40), range(40, 60), range(60, 70)),
        (THREE, 1, range(1), range(40, 41), range(60, 61)),
    ],
)
def test_without_a_test_fraction_the_parts_are_the_datas_own(
    own: dict[str, int], limit: int | None, train: range, validation: range, test: range
) -> None:
    parts = split_indices(70, split(None), own, limit)
    assert {name: list(chosen) for name, chosen in parts.items()} == {
        **{"train": list(train), "validation": list(validation), "test": list(test)}
    }


def test_a_validation_fraction_takes_from_the_datas_own_training_images() -> None:
    train, validation = train_test_split(np.arange(60), test_size=0.25, random_state=7)
    parts = split_indices(70, split(None, 0.25, seed=7), TWO)
    for name, expected in (("train", train), ("validation", validation), ("test", range(60, 70))):
        np.testing.assert_array_equal(parts[name], expected)


@pytest.mark.parametrize(
    ("own", "validation", "told"),
    [
        ({}, 0, "no test and no train images of its own; give a fraction"),
        ({"train": 70}, 0, "no test images of its own; give a fraction"),
        (THREE, 0.25, "validation_fraction: 0.25, but the data has validation images of its own"),
    ],
)
def test_what_the_datas_own_split_does_not_fit_is_told(
    own: dict[str, int], validation: float, told: str
) -> None:
    with pytest.raises(StageError) as caught:
        split_indices(70, split(None, validation), own)
    assert str(caught.value).startswith("params.yaml: split.")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
