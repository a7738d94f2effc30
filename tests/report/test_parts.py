"""What the page's parts work out, by hand."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from stages.report import figures
from stages.report.calibration import expected_calibration_error, reliability
from stages.report.confusion import confusions, most_confused
from stages.report.mistakes import most_confident, wrong_by_all
from stages.report.pictures import LARGEST, data_uri
from stages.report.provenance import hashes
from tests.support.results import LOCK, results

# Two classes; the first three images are of the first.
ACTUAL = np.array([0, 0, 0, 1, 1])
SAID, SURE = np.array([0, 1, 1, 1, 0]), np.array([0.95, 0.9, 0.65, 0.8, 1.0])
OTHER, OTHERS_SURE = np.array([0, 2, 1, 0, 0]), np.array([0.6, 0.5, 0.9, 0.7, 0.6])


def test_reliability_has_a_point_for_each_tenth_of_confidence() -> None:
    points = reliability(SURE, SAID == ACTUAL)
    # 0.65 wrong; 0.8 right; of 0.9, 0.95 and 1 the second is right.
    assert points["images"].tolist() == [1, 1, 3]
    assert points["confidence"].tolist() == pytest.approx([0.65, 0.8, 2.85 / 3])
    assert points["accuracy"].tolist() == pytest.approx([0, 1, 1 / 3])
    gap = (0.65 * 1 + 0.2 * 1 + (2.85 / 3 - 1 / 3) * 3) / 5
    assert expected_calibration_error(points) == pytest.approx(gap)


def test_confusions_count_what_there_is() -> None:
    found = confusions({"a": SAID}, ACTUAL, ["3", "NA"])
    assert found.to_numpy().tolist() == [
        ["a", "3", "3", 1, 1 / 3],
        ["a", "3", "NA", 2, 2 / 3],
        ["a", "NA", "3", 1, 1 / 2],
        ["a", "NA", "NA", 1, 1 / 2],
    ]


def test_of_many_classes_those_with_most_mistakes_are_shown_in_their_order() -> None:
    classes = [f"c{number}" for number in range(100)]
    actual = np.arange(100)
    # Each second one of 20 classes is taken for the next one.
    predicted = np.where((actual < 40) & (actual % 4 == 2), actual + 1, actual)
    shown = [name for number, name in enumerate(classes) if number < 40 and number % 4 > 1]
    assert most_confused(confusions({"a": predicted}, actual, classes), classes) == shown


def test_mistakes_come_with_the_surest_first() -> None:
    assert most_confident(SAID, SURE, ACTUAL) == [4, 1, 2]
    found = wrong_by_all({"a": SAID, "b": OTHER}, {"a": SURE, "b": OTHERS_SURE}, ACTUAL)
    # Of image 1 one says 1 with 0.9, one says 2 with 0.5: the first counts, by half.
    assert found == [(4, 0, 0.8), (2, 1, pytest.approx(0.775)), (1, 1, 0.45)]


def decoded(uri: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(uri.partition(";base64,")[2]))))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_small_image_is_kept_bit_for_bit_and_a_large_one_made_smaller(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, channels), np.uint8)
    assert np.array_equal(decoded(data_uri(image)).reshape(image.shape), image)
    large = np.zeros((400, 200, channels), np.uint8)
    assert decoded(data_uri(large)).shape[:2] == (LARGEST, LARGEST // 2)


def test_a_class_without_test_images_has_no_recall() -> None:
    found = results(["a"], ["x", "y", "absent"])
    measured = found.per_class["a"].assign(support=[5, 5, 0], recall=[0.9, 0.8, 0.0])
    told = figures.classes(replace(found, per_class={"a": measured}))["classes"]
    assert told.telling == "a finds y least, 80.00 % of them."
    assert "absent" not in base64.b64decode(told.numbers.partition(",")[2]).decode()


def test_the_difference_of_two_is_told_with_its_sign() -> None:
    predicted = {"a": np.array([1, 1, 1, 1]), "b": np.array([1, 0, 1, 0])}
    shown = results(["a", "b"], ["x", "y"], predicted=predicted, actual=np.array([0, 0, 1, 1]))
    assert figures.classes(shown)["difference"].telling == (
        "a takes x for y 1 times more than b; a takes y for x 1 times less than b."
    )


def test_hashes_are_dvcs_of_the_models_there_are() -> None:
    # Not those of a model that is gone.
    assert hashes(LOCK, {"a"})["models"] == [("models/a.keras", "c3")]
