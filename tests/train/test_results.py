"""What a training leaves to read, worked by hand."""

from stages.train.results import Epoch, times

EPOCHS = [Epoch(0.5, 1.5, 0.25, 2.0, 2.0), Epoch(0.75, 1.0, 0.5, 1.25, 6.0)]


def test_times_are_the_sum_the_mean_and_the_images_seen_a_second() -> None:
    assert times(EPOCHS, images=20, resumed_at=1, on={"cores": 2}) == {
        "train_seconds": 8,
        "seconds_per_epoch": 4,
        # Twice 20 images in 8 seconds.
        "images_per_second": 5,
        "resumed_after_epochs": 1,
        "machine": {"cores": 2},
        "per_epoch": [{"epoch": 1, "seconds": 2}, {"epoch": 2, "seconds": 6}],
    }
