"""Batches: each image once an epoch, in an order that seed and epoch decide."""

import re
from pathlib import Path

import numpy as np
import pytest

from stages.common.files import read_array, write_array
from stages.train.batches import batches, epoch_order, gather, release
from tests.images_for_tests import random_images


def test_order_visits_each_image_once() -> None:
    assert sorted(epoch_order(100, seed=0, epoch=0)) == list(range(100))


def test_order_is_the_same_for_the_same_seed_and_epoch_alone() -> None:
    orders = {
        (seed, epoch): tuple(epoch_order(100, seed, epoch)) for seed in (0, 1) for epoch in (0, 1)
    }
    assert len(set(orders.values())) == 4
    for (seed, epoch), order in orders.items():
        assert tuple(epoch_order(100, seed, epoch)) == order


def test_batches_hold_the_images_in_order_and_the_last_what_is_left() -> None:
    images, labels = random_images(10)
    order = np.array([9, 3, 5, 0, 1, 2, 8, 7, 6, 4])
    given = list(batches(images, labels, 4, order))
    assert [len(batch[0]) for batch in given] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([batch[0] for batch in given]), images[order])
    np.testing.assert_array_equal(np.concatenate([batch[1] for batch in given]), labels[order])
    assert {batch[0].dtype for batch in given} == {np.dtype(np.uint8)}


@pytest.mark.parametrize("batch_size", [10, 11])
def test_batch_as_large_as_the_data_or_larger_holds_all_of_it(batch_size: int) -> None:
    images, labels = random_images(10)
    (only,) = batches(images, labels, batch_size, np.arange(10))
    np.testing.assert_array_equal(only[0], images)


def test_memory_mapped_images_come_out_the_same_every_time(tmp_path: Path) -> None:
    images, labels = random_images(50)
    write_array(tmp_path / "images.npy", images)
    mapped = read_array(tmp_path / "images.npy")
    order = epoch_order(50, seed=0, epoch=0)
    for _ in range(2):
        given = np.concatenate([batch for batch, _ in batches(mapped, labels, 16, order)])
        np.testing.assert_array_equal(given, images[order])


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux alone tells the pages")
def test_pages_of_a_mapped_file_are_given_back(tmp_path: Path) -> None:
    path = tmp_path / "images.npy"
    images, labels = random_images(500)
    write_array(path, images)
    mapped = read_array(path)
    assert mapped.any()
    assert resident_kilobytes(path) > 300, "looking at the images must have brought them in"
    for _ in batches(mapped, labels, 500, np.arange(500)):
        pass
    assert resident_kilobytes(path) == 0


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux alone tells the pages")
def test_scattered_rows_never_hold_more_than_a_few_pages_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "images.npy"
    write_array(path, np.zeros((100_000, 28, 28, 1), np.uint8))
    mapped, held = read_array(path), []

    def noting(array: np.ndarray) -> None:
        held.append(resident_kilobytes(path))
        release(array)

    monkeypatch.setattr("stages.train.batches.release", noting)
    order = epoch_order(100_000, seed=0, epoch=0)[:2000]
    assert gather(mapped, order).shape == (2000, 28, 28, 1)
    assert len(held) == 20
    assert 0 < max(held) < 10_000, "of 78 MB"
    assert resident_kilobytes(path) == 0


def resident_kilobytes(path: Path) -> int:
    """Return how much of the mapped file *path* this process holds in memory."""
    maps = Path("/proc/self/smaps").read_text()
    found = re.search(rf"{re.escape(str(path))}\n(?:.*\n)*?Rss: +(\d+) kB", maps)
    assert found
    return int(found[1])
