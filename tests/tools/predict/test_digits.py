"""Digits cut out of pictures and brought into MNIST's form."""

import io
import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests import ROOT
from tests.support.pipeline import Project

pytest.importorskip("cv2", reason="no OpenCV here: make predict installs it")

from benchmarks.pictures import measure, photograph
from tools.predict.digits import find, framed, in_form
from tools.predict.models import Form, Models, seen_on

# Top, bottom, left and right of each.
Strokes = list[tuple[int, int, int, int]]
# A 7 that is 60 high and 40 wide.
SEVEN = [(20, 30, 30, 70), (20, 80, 60, 70)]
BOX = (30, 20, 40, 60)


def on_paper(strokes: Strokes, paper: int = 255, pen: int = 0) -> np.ndarray:
    """Return a picture, (120, 100) uint8, of *strokes* on *paper*."""
    drawn = np.full((120, 100), paper, np.uint8)
    for top, bottom, left, right in strokes:
        drawn[top:bottom, left:right] = pen
    return drawn


@pytest.fixture
def seven() -> np.ndarray:
    """Return what is found of a black 7 on white: (28, 28) uint8."""
    (found,) = find(on_paper(SEVEN))
    return found.image


def test_a_digit_of_any_size_and_grey_fills_a_box_of_20_pixels(seven: np.ndarray) -> None:
    # 60 x 40, a third as large.
    assert (seven.any(axis=1).sum(), seven.any(axis=0).sum()) == (20, 13)
    for paper, pen in ((0, 255), (200, 60), (90, 220)):
        (found,) = find(on_paper(SEVEN, paper, pen))
        assert np.abs(found.image.astype(int) - seven).max() <= 2
    # Where it stood is told in the pixels of the picture, however large that is.
    (found,) = find(np.kron(on_paper(SEVEN), np.ones((40, 40), np.uint8)))
    assert found.box == pytest.approx([40 * side for side in BOX], abs=6)


def test_the_centre_of_mass_stands_where_qmnist_found_it() -> None:
    cut = np.ones((20, 10), np.float32)
    # 10 and 5 pixels from the box's edges, so its corner is at 15 - 10 and 15 - 5.
    assert np.array_equal(np.argwhere(framed(cut))[0], [5, 10])
    cut[:10] = 0.5
    # Rows that weigh 1/2 and 1: (10 * 1/2 * 5 + 10 * 15) / 15 = 11 2/3, so 3 and more are left.
    assert np.array_equal(np.argwhere(framed(cut))[0], [3, 10])


@pytest.mark.parametrize(
    ("strokes", "boxes"),
    [
        # Specks; the last is half as high as the digit, but has a twentieth of its ink.
        ([*SEVEN, (100, 103, 10, 13), (5, 6, 60, 61), (20, 50, 15, 17)], [BOX]),
        # A strip of the table along a side.
        ([*SEVEN, (112, 120, 0, 100)], [BOX]),
        # A dash below.
        ([*SEVEN, (108, 112, 40, 75)], [BOX]),
        # A digit that reaches the border.
        ([*SEVEN, (0, 120, 85, 90)], [BOX, (85, 0, 5, 120)]),
        # The bar of a 5, which begins above the belly's right end and does not touch it.
        ([(40, 80, 30, 60), (20, 28, 56, 80)], [(30, 20, 50, 60)]),
    ],
)
def test_strokes_of_a_digit_stay_together_and_what_is_none_goes(
    strokes: Strokes, boxes: list[tuple[int, int, int, int]]
) -> None:
    assert [digit.box for digit in find(on_paper(strokes, 220, 40))] == boxes


@pytest.mark.parametrize("shape", [(80, 80), (1, 1), (1, 600), (20_000, 2)])
def test_on_blank_paper_of_any_size_there_is_no_digit(shape: tuple[int, int]) -> None:
    assert find(np.zeros(shape, np.uint8)) == []
    assert find(np.random.default_rng(0).normal(200, 4, shape).astype(np.uint8)) == []


def test_what_has_mnists_form_is_told_from_what_has_not(seven: np.ndarray) -> None:
    assert in_form(seven)
    others = [255 - seven, np.roll(seven, 4, axis=1), np.zeros_like(seven), np.pad(seven, 2)]
    assert not any(in_form(other) for other in others)


def test_digits_on_photographs_are_found_one_for_one(seven: np.ndarray) -> None:
    generator = np.random.default_rng(0)
    taken = (io.BytesIO(photograph(seven[np.newaxis], generator)) for _ in range(20))
    assert [len(find(np.asarray(Image.open(each)))) for each in taken] == [1] * 20


@pytest.mark.skipif("SLOW" not in os.environ, reason="takes minutes: SLOW=1 make test")
def test_mnist_is_read_as_the_page_says(mnist: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mnist.folder)
    for image in np.load("data/processed/test/images.npy"):
        file = io.BytesIO()
        Image.fromarray(image[..., 0]).save(file, "PNG", compress_level=0)
        (seen,) = seen_on(file, "image", Form((28, 28, 1), digits=True))
        assert np.array_equal(seen.image, image)
    # They take minutes, and are of no use here.
    monkeypatch.setattr("benchmarks.pictures.PHOTOGRAPHS", 1)
    measured = measure(Models())
    # The file's models are others; its test images are the same.
    of_the_page = pd.read_csv(ROOT / "benchmarks/pictures.csv", index_col="model")
    same = ["images", "found", "largest_move", "seed"]
    assert measured.loc["vote", same].to_dict() == of_the_page.loc["vote", same].to_dict()
