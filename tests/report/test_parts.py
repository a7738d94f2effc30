"""The parts of the page, compared with values worked out by hand."""

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.report import figures, predictions
from stages.report.page import galleries
from stages.report.pictures import LARGEST, data_uri
from stages.report.provenance import hashes
from tests.support.results import LOCK, results

# Two classes; the first three images are of the first.
ACTUAL = np.array([0, 0, 0, 1, 1])
PREDICTED, SURE = np.array([0, 1, 1, 1, 0]), np.array([0.95, 0.9, 0.65, 0.8, 1.0])
OTHER, OTHER_SURE = np.array([0, 2, 1, 0, 0]), np.array([0.6, 0.5, 0.9, 0.7, 0.6])


def test_reliability_has_a_point_for_each_tenth_of_confidence() -> None:
    points = predictions.reliability(SURE, PREDICTED == ACTUAL)
    # 0.65 is wrong; 0.8 is right; of 0.9, 0.95 and 1, only 0.95 is right.
    assert points["images"].tolist() == [1, 1, 3]
    assert points["confidence"].tolist() == pytest.approx([0.65, 0.8, 2.85 / 3])
    assert points["accuracy"].tolist() == pytest.approx([0, 1, 1 / 3])
    gap = (0.65 * 1 + 0.2 * 1 + (2.85 / 3 - 1 / 3) * 3) / 5
    assert predictions.expected_calibration_error(points) == pytest.approx(gap)


def test_confusions_count_what_there_is() -> None:
    found = predictions.confusions({"a": PREDICTED}, ACTUAL, ["3", "NA"])
    assert found.to_numpy().tolist() == [
        ["a", "3", "3", 1, 1 / 3],
        ["a", "3", "NA", 2, 2 / 3],
        ["a", "NA", "3", 1, 1 / 2],
        ["a", "NA", "NA", 1, 1 / 2],
    ]


def test_of_many_classes_those_with_most_mistakes_are_shown_in_their_order() -> None:
    classes = [f"c{number}" for number in range(100)]
    actual = np.arange(100)
    # Ten classes are mistaken for the next one: 20 are involved.
    predicted = np.where((actual < 40) & (actual % 4 == 2), actual + 1, actual)
    shown = [name for number, name in enumerate(classes) if number < 40 and number % 4 > 1]
    counts = predictions.confusions({"a": predicted}, actual, classes)
    assert predictions.most_confused(counts, classes) == shown


def test_mistakes_come_with_the_surest_first() -> None:
    predicted, sure = {"a": PREDICTED, "b": OTHER}, {"a": SURE, "b": OTHER_SURE}
    given: dict[str, Any] = {"predicted": predicted, "confidence": sure, "actual": ACTUAL}
    shared, own, _ = galleries(results(["a", "b"], ["x", "y", "z"], **given))
    # For image 1, one predicts 1 with 0.9, the other 2 with 0.5: 1 wins with 0.9 / 2.
    assert [(index, caption) for index, caption, _ in shared["pictures"]] == [
        (4, "y, mistaken for x (80.0%)"),
        (2, "x, mistaken for y (77.5%)"),
        (1, "x, mistaken for y (45.0%)"),
    ]
    assert [picture[0] for picture in own["pictures"]] == [4, 1, 2]


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
    figure = figures.classes(replace(found, per_class={"a": measured}))["classes"]
    assert figure["summary"] == "a has its lowest recall on y, 80.00 %."
    assert "absent" not in base64.b64decode(figure["numbers"].partition(",")[2]).decode()


def test_the_difference_of_two_has_its_sign() -> None:
    predicted = {"a": np.array([1, 1, 1, 1]), "b": np.array([1, 0, 1, 0])}
    shown = results(["a", "b"], ["x", "y"], predicted=predicted, actual=np.array([0, 0, 1, 1]))
    assert figures.classes(shown)["difference"]["summary"] == (
        "a mistakes x for y more often than b (+1); a mistakes y for x less often than b (-1)."
    )


def test_hashes_are_those_of_the_models_that_exist() -> None:
    # Not those of a removed model.
    assert hashes(LOCK, {"a"})["models"] == [("models/a.keras", "c3")]
