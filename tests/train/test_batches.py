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
    ("batch_size", "sizes"), [(240, [240, 10]), (125, [125, 125]), (250, [250]), (251, [250])]
)
def test_batches_hold_memory_mapped_images_in_order_and_the_last_what_is_left(
    tmp_path: Path, batch_size: int, sizes: list[int]
) -> None:
    images, labels = random_images(250)
    write_array(tmp_path / "images.npy", images)
    order = epoch_order(250, seed=0, epoch=0)
    given = list(batches(read_array(tmp_path / "images.npy"), labels, batch_size, order))
    assert [len(batch[0]) for batch in given] == sizes
    np.testing.assert_array_equal(np.concatenate([batch[0] for batch in given]), images[order])
    np.testing.assert_array_equal(np.concatenate([batch[1] for batch in given]), labels[order])
