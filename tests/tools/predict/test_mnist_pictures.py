"""MNIST itself, cut out, photographed and drawn, read by models that were trained on it."""

import io
import os
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests import ROOT
from tests.support import pipeline

pytest.importorskip("cv2", reason="no OpenCV here: make predict installs it")

from benchmarks.pictures import measure
from tools.predict.models import Models
from tools.predict.pictures import Form, seen_on

pytestmark = [
    pytest.mark.skipif("SLOW" not in os.environ, reason="takes minutes: SLOW=1 make test"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
# The file's and the tests' models are others; their test images are the same.
MEASURED = pd.read_csv(ROOT / "benchmarks/pictures.csv", index_col="model")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """Return how well pictures of digits are read."""
    with pytest.MonkeyPatch.context() as patch:
        # Of the file's thousand, for want of time.
        patch.setattr("benchmarks.pictures.PHOTOGRAPHS", 300)
        patch.chdir(pipeline.mnist(tmp_path_factory).folder)
        yield measure(Models())


def test_cutting_out_moves_no_digit_by_more_than_a_pixel(measured: pd.DataFrame) -> None:
    assert measured["largest_move"].max() <= 1
    assert measured["found"].min() >= 0.998 * measured["images"].max() == 9980


def test_cutting_out_costs_at_most_three_tenths_of_a_point(measured: pd.DataFrame) -> None:
    assert (measured["as_is"] - measured["cut_out"]).max() <= 0.003
    assert measured["as_is"].min() > 0.97


def test_photographs_are_read_nearly_as_well(measured: pd.DataFrame) -> None:
    assert (measured["same_as_is"] - measured["photographs"]).max() < 0.03
    assert measured["photographs"]["vote"] > 0.95


def test_the_numbers_of_the_page_are_of_the_same_pictures(measured: pd.DataFrame) -> None:
    same = ["images", "found", "largest_move", "seed"]
    assert measured.loc["vote", same].to_dict() == MEASURED.loc["vote", same].to_dict()


def test_a_test_image_as_a_file_is_what_evaluate_sees(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    project = pipeline.mnist(tmp_path_factory)
    for image in np.load(project.folder / "data/processed/test/images.npy"):
        file = io.BytesIO()
        Image.fromarray(image[..., 0]).save(file, "PNG", compress_level=0)
        (seen,) = seen_on(file, "image", Form((28, 28, 1), digits=True))
        assert np.array_equal(seen.image, image)
