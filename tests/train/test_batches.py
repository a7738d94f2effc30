"""Batches: each image once an epoch, in an order that seed and epoch decide."""

from pathlib import Path

import numpy as np
import pytest

from stages.common.arrays import read_array, write_array
from stages.train.batches import batches, epoch_order
from tests.support.images import random_images


def test_order_visits_each_image_once_and_depends_on_seed_and_epoch_alone() -> None:
    places = [(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    orders = [tuple(epoch_order(100, *place)) for place in places]
    assert len(set(orders)) == 4
    assert [tuple(epoch_order(100, *place)) for place in places] == orders
    assert all(sorted(order) == list(range(100)) for order in orders)


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (10, [10]), (11, [10])]
)
def test_batches_hold_the_images_in_order_and_the_last_what_is_left(
    batch_size: int, sizes: list[int]
) -> None:
    images, labels = random_images(10)
    order = np.array([9, 3, 5, 0, 1, 2, 8, 7, 6, 4])
    given = list(batches(images, labels, batch_size, order))
    assert [len(batch[0]) for batch in given] == sizes
    np.testing.assert_array_equal(np.concatenate([batch[0] for batch in given]), images[order])
    np.testing.assert_array_equal(np.concatenate([batch[1] for batch in given]), labels[order])
    assert {batch[0].dtype for batch in given} == {np.dtype(np.uint8)}


def test_memory_mapped_images_come_out_the_same_every_time(tmp_path: Path) -> None:
    images, labels = random_images(250)
    write_array(tmp_path / "images.npy", images)
    mapped = read_array(tmp_path / "images.npy")
    order = epoch_order(250, seed=0, epoch=0)
    for _ in range(2):
        given = np.concatenate([batch for batch, _ in batches(mapped, labels, 240, order)])
        np.testing.assert_array_equal(given, images[order])
