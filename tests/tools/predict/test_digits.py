"""Digits cut out of pictures and brought into MNIST's form."""

import io
import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests import ROOT
from tests.support import pipeline

pytest.importorskip("cv2", reason="no OpenCV here: make predict installs it")

from benchmarks.pictures import measure, photograph, photographs
from tools.predict.digits import find, framed, in_form
from tools.predict.models import Models
from tools.predict.pictures import Form, seen_on


def seven(height: int = 120, width: int = 100, at: tuple[int, int] = (20, 30)) -> np.ndarray:
    """Return ink, 0 or 1, of a 7 that is 60 high and 40 wide."""
    ink = np.zeros((height, width))
    top, left = at
    ink[top : top + 10, left : left + 40] = 1
    ink[top : top + 60, left + 30 : left + 40] = 1
    return ink


def on_paper(ink: np.ndarray, paper: float, pen: float) -> np.ndarray:
    """Return a picture, uint8, of *ink* on *paper*."""
    return np.rint(paper + (pen - paper) * ink).astype(np.uint8)


def test_a_digit_fills_a_box_of_20_pixels_and_keeps_its_proportions() -> None:
    (found,) = find(on_paper(seven(), 0, 255))
    rows, columns = np.flatnonzero(found.image.any(axis=1)), np.flatnonzero(found.image.any(axis=0))
    # 60 x 40, a third as large.
    assert (len(rows), len(columns)) == (20, 13)
    assert found.box == (30, 20, 40, 60)


def test_the_centre_of_mass_stands_where_qmnist_found_it() -> None:
    cut = np.ones((20, 10), np.float32)
    # 10 and 5 pixels from the box's edges, so its corner is at 15 - 10 and 15 - 5.
    assert np.array_equal(np.argwhere(framed(cut))[0], [5, 10])
    cut[:10] = 0.5
    # Rows that weigh 1/2 and 1: (10 * 1/2 * 5 + 10 * 15) / 15 = 11 2/3, so 3 and more are left.
    assert np.array_equal(np.argwhere(framed(cut))[0], [3, 10])


@pytest.mark.parametrize(("paper", "pen"), [(0, 255), (255, 0), (200, 60), (90, 220)])
def test_dark_on_light_is_the_same_as_light_on_dark(paper: int, pen: int) -> None:
    (expected,), (found,) = find(on_paper(seven(), 0, 255)), find(on_paper(seven(), paper, pen))
    assert np.abs(found.image.astype(int) - expected.image).max() <= 2
    assert found.box == expected.box


def test_uneven_light_and_grain_change_little() -> None:
    (expected,) = find(on_paper(seven(), 255, 0))
    light = np.linspace(0.4, 1, 100) * np.linspace(0.8, 1, 120)[:, np.newaxis]
    grain = np.random.default_rng(0).normal(0, 4, light.shape)
    picture = np.clip((230 - 170 * seven()) * light + grain, 0, 255).astype(np.uint8)
    (found,) = find(picture)
    assert np.abs(found.image.astype(int) - expected.image).mean() < 10
    assert found.box == pytest.approx(expected.box, abs=2)


def test_specks_and_a_table_beside_the_paper_are_no_digits() -> None:
    ink = seven()
    ink[100:103, 10:13] = 1
    ink[5, 60] = 1
    # Half as high as the digit, but a twentieth of its ink.
    ink[20:50, 15:17] = 1
    picture = on_paper(ink, 220, 40)
    picture[:, :5] = 70
    picture[-8:] = 70
    assert [digit.box for digit in find(picture)] == [(30, 20, 40, 60)]


def test_a_dash_below_a_digit_is_neither_of_it_nor_one() -> None:
    ink = seven(height=200)
    ink[150:154, 40:75] = 1
    assert [digit.box for digit in find(on_paper(ink, 255, 0))] == [(30, 20, 40, 60)]


def test_a_digit_that_reaches_the_border_is_seen() -> None:
    ink = seven(height=80, at=(10, 30))
    ink[:, 85:90] = 1
    boxes = [digit.box for digit in find(on_paper(ink, 220, 40))]
    assert boxes == [(30, 10, 40, 60), (85, 0, 5, 80)]


def test_strokes_of_one_digit_that_do_not_touch_stay_together() -> None:
    ink = np.zeros((100, 100))
    ink[40:80, 30:60] = 1
    # The bar of a 5, beginning above the belly's right end.
    ink[20:28, 56:80] = 1
    assert [digit.box for digit in find(on_paper(ink, 255, 0))] == [(30, 20, 50, 60)]


@pytest.mark.parametrize("shape", [(80, 80), (1, 1), (1, 600), (20_000, 2), (2, 2)])
def test_on_blank_paper_of_any_size_there_is_no_digit(shape: tuple[int, int]) -> None:
    assert find(np.zeros(shape, np.uint8)) == []
    assert find(np.random.default_rng(0).normal(200, 4, shape).astype(np.uint8)) == []


def test_where_a_digit_stood_is_told_in_the_pixels_of_a_large_picture() -> None:
    large = np.kron(on_paper(seven(), 255, 0), np.ones((40, 40), np.uint8))
    (found,) = find(large)
    assert found.box == pytest.approx((1200, 800, 1600, 2400), abs=6)


def test_what_has_mnists_form_is_told_from_what_has_not() -> None:
    (digit,) = find(on_paper(seven(), 255, 0))
    assert in_form(digit.image)
    assert not in_form(255 - digit.image)
    assert not in_form(np.roll(digit.image, 4, axis=1))
    assert not in_form(np.zeros((28, 28), np.uint8))
    assert not in_form(np.pad(digit.image, 2))


def test_digits_on_photographs_are_found_one_for_one() -> None:
    (digit,) = find(on_paper(seven(), 0, 255))
    found = [len(find(picture)) for picture in photographs(np.stack([digit.image] * 20), 0)]
    assert found == [1] * 20
    content = photograph(np.stack([digit.image] * 3), np.random.default_rng(0))
    assert len(find(np.asarray(Image.open(io.BytesIO(content))))) == 3


@pytest.mark.skipif("SLOW" not in os.environ, reason="takes minutes: SLOW=1 make test")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_mnist_is_taken_as_it_is_and_read_nearly_as_well_cut_out_or_photographed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipeline.mnist(tmp_path_factory).folder)
    for image in np.load("data/processed/test/images.npy"):
        file = io.BytesIO()
        Image.fromarray(image[..., 0]).save(file, "PNG", compress_level=0)
        (seen,) = seen_on(file, "image", Form((28, 28, 1), digits=True))
        assert np.array_equal(seen.image, image)
    # Of the file's thousand, for want of time.
    monkeypatch.setattr("benchmarks.pictures.PHOTOGRAPHS", 300)
    measured = measure(Models())
    assert measured["largest_move"].max() <= 1
    assert measured["found"].min() >= 0.998 * measured["images"].max() == 9980
    assert measured["as_is"].min() > 0.97
    assert (measured["as_is"] - measured["cut_out"]).max() <= 0.003
    assert (measured["same_as_is"] - measured["photographs"]).max() < 0.03
    assert measured["photographs"]["vote"] > 0.95
    # The file's models are others; its test images are the same.
    of_the_page = pd.read_csv(ROOT / "benchmarks/pictures.csv", index_col="model")
    same = ["images", "found", "largest_move", "seed"]
    assert measured.loc["vote", same].to_dict() == of_the_page.loc["vote", same].to_dict()
