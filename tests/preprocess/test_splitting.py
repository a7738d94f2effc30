"""Which images are trained on, watched and tested on."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from stages.common.errors import StageError
from stages.preprocess.splitting import Split, split_indices


def split(test: float | None = 1 / 7, validation: float = 0, seed: int = 0) -> Split:
    return Split(test_fraction=test, validation_fraction=validation, seed=seed)


def test_the_notebooks_call_on_70_000_images_takes_the_same_ones() -> None:
    images = np.arange(70_000).reshape(-1, 1, 1, 1)
    train_img, test_img = train_test_split(images, test_size=1 / 7.0, random_state=0)
    parts = split_indices(70_000, split(), {})
    assert (len(parts["train"]), len(parts["test"])) == (60_000, 10_000)
    np.testing.assert_array_equal(images[parts["train"]], train_img)
    np.testing.assert_array_equal(images[parts["test"]], test_img)
    # The test images are watched.
    assert parts["validation"] is parts["test"]


TWO, THREE = {"train": 60, "test": 10}, {"train": 40, "validation": 20, "test": 10}


@pytest.mark.parametrize(
    ("count", "test", "validation", "seed", "own"),
    [
        (70, 1 / 7, 0.25, 0, {}),
        # With a fraction it does not count how the data itself is split.
        (70, 1 / 7, 0.25, 7, THREE),
        (70, None, 0.25, 7, TWO),
        # A part is rounded up: a tenth of 11 is 2, a tenth of the other 9 is 1.
        (11, 0.1, 0.1, 0, {}),
    ],
)
def test_validation_images_are_taken_from_the_training_images(
    count: int, test: float | None, validation: float, seed: int, own: dict[str, int]
) -> None:
    train, tested = np.arange(60), np.arange(60, 70)
    if test is not None:
        train, tested = train_test_split(np.arange(count), test_size=test, random_state=seed)
    train, watched = train_test_split(train, test_size=validation, random_state=seed)
    parts = split_indices(count, split(test, validation, seed), own)
    for name, expected in (("train", train), ("validation", watched), ("test", tested)):
        np.testing.assert_array_equal(parts[name], expected)


def test_a_limit_splits_the_first_images_alone() -> None:
    few = split_indices(7, split(), {})
    for name, chosen in split_indices(70, split(), {}, 7).items():
        np.testing.assert_array_equal(chosen, few[name])
    assert len(split_indices(70, split(), {}, 71)["test"]) == 10


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
    expected = {"train": train, "validation": validation, "test": test}
    assert {name: list(chosen) for name, chosen in parts.items()} == {
        name: list(chosen) for name, chosen in expected.items()
    }


@pytest.mark.parametrize(
    ("count", "test", "validation", "own", "told"),
    [
        (1, 0.5, 0, {}, "split.test_fraction: 0.5 leaves a part without an image (images to split:"
         " 1); take more (data.limit) or another fraction"),
        (2, 0.5, 0.5, {}, "split.validation_fraction: 0.5 leaves a part without an image"),
        (70, None, 0, {}, "split.test_fraction: null takes the data's own split, but it has no test"
         " and no train images of its own; give a fraction"),
        (70, None, 0, {"train": 70}, "split.test_fraction: null takes the data's own split, but it"
         " has no test images"),
        (70, None, 0.25, THREE, "split.validation_fraction: 0.25, but the data has validation"
         " images of its own; set it to 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_split_is_told_with_what_to_change(
    count: int, test: float | None, validation: float, own: dict[str, int], told: str
) -> None:
    with pytest.raises(StageError) as caught:
        split_indices(count, split(test, validation), own)
    assert str(caught.value).startswith(f"params.yaml: {told}")
