"""Copies across parts, compared with all pairs of images."""

import numpy as np
import pytest

from stages.preprocess.copies import copies
from tests.support.images import write_part
from tests.support.pipeline import Project


def test_mnist_has_no_copies(mnist: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mnist.folder)
    assert not [*copies(dict.fromkeys(("train", "validation", "test"), np.arange(70_000)), [])]


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.usefixtures("here")
def test_copies_are_counted_and_two_named(watched: bool) -> None:
    # Of 64 possible images, some are drawn more than once.
    images = np.random.default_rng(0).integers(0, 2, (40, 3, 2, 1), np.uint8)
    places = {"train": np.arange(20), "validation": np.arange(20, 30), "test": np.arange(30, 40)}
    if watched:
        places["validation"] = places["test"]
    for part, chosen in places.items():
        write_part(part, images[chosen], chosen)
    files = [f"{i}.png" for i in range(40)]
    told = list(copies(places, files))
    expected = []
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        same = (images[places[second], None] == images[places[first]]).all(axis=(2, 3, 4))
        if same.any() and not (watched and "validation" in (first, second)):
            expected.append(f"{same.any(axis=1).sum()} of the {second} images are also in {first},")
    assert [line[: len(start)] for line, start in zip(told, expected, strict=True)] == expected
    for line in told:
        one, other = line.partition("such as ")[2].partition(";")[0].split(" and ")
        assert one != other
        assert (images[files.index(one)] == images[files.index(other)]).all()
    assert "the image at index " in next(copies(places, []))
