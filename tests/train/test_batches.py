"""The order of the images: each once an epoch, decided by seed and epoch."""

from stages.train.batches import epoch_order


def test_order_visits_each_image_once_and_depends_on_seed_and_epoch_alone() -> None:
    places = [(seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    orders = [tuple(epoch_order(100, *place)) for place in places]
    assert len(set(orders)) == 4
    assert [tuple(epoch_order(100, *place)) for place in places] == orders
    assert all(sorted(order) == list(range(100)) for order in orders)
