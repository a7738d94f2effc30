"""What the report works out, by hand or by scikit-learn."""

import base64
import io
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix

from stages.report import figures, theme
from stages.report.calibration import expected_calibration_error, reliability
from stages.report.confusion import SHOWN, confusions, most_confused
from stages.report.mistakes import most_confident, wrong_by_all
from stages.report.pictures import LARGEST, data_uri
from stages.report.provenance import DEFAULTS, changes, hashes, machines
from tests import ROOT
from tests.support.results import LOCK, PARAMS, results

# Two classes; the first three images are of the first.
ACTUAL = np.array([0, 0, 0, 1, 1])
SAID, SURE = np.array([0, 1, 1, 1, 0]), np.array([0.95, 0.9, 0.65, 0.8, 1.0])
OTHER, OTHERS_SURE = np.array([0, 1, 1, 0, 0]), np.array([0.6, 0.6, 0.9, 0.7, 0.6])


def test_reliability_has_a_point_for_each_tenth_of_confidence() -> None:
    points = reliability(SURE, SAID == ACTUAL)
    # 0.65 wrong; 0.8 right; of 0.9, 0.95 and 1 the second is right.
    assert points["images"].tolist() == [1, 1, 3]
    assert points["confidence"].tolist() == pytest.approx([0.65, 0.8, 2.85 / 3])
    assert points["accuracy"].tolist() == pytest.approx([0, 1, 1 / 3])
    gap = (0.65 * 1 + 0.2 * 1 + (2.85 / 3 - 1 / 3) * 3) / 5
    assert expected_calibration_error(points) == pytest.approx(gap)


def test_reliability_is_scikit_learns() -> None:
    found = results(["a"], list("abcd"))
    right, confidence = found.predicted["a"] == found.actual, found.confidence["a"]
    points = reliability(confidence, right)
    accuracy, mean = calibration_curve(right, confidence, n_bins=10)
    assert points["accuracy"].tolist() == pytest.approx(list(accuracy))
    assert points["confidence"].tolist() == pytest.approx(list(mean), rel=1e-5)


def test_confusions_are_scikit_learns_counts_that_are_not_nought() -> None:
    classes = ["NA", "3", "<b>"]
    generator = np.random.default_rng(1)
    actual, predicted = generator.integers(0, 3, 50), generator.integers(0, 3, 50)
    predicted[actual == 0] = 0
    table = confusions({"a": predicted}, actual, classes)
    expected = confusion_matrix(actual, predicted)
    found = table.pivot_table("images", "actual", "predicted", fill_value=0)
    assert found.loc[classes, classes].to_numpy().tolist() == expected.tolist()
    assert (table["images"] > 0).all()
    assert table.groupby("actual")["share"].sum().tolist() == pytest.approx([1, 1, 1])


def test_of_many_classes_those_with_most_mistakes_are_shown_in_their_order() -> None:
    classes = [f"c{number}" for number in range(100)]
    actual = np.arange(100).repeat(2)
    predicted = actual.copy()
    # Class 2n of the first twenty is taken for the next one.
    predicted[:40:4] += 1
    counts = confusions({"a": predicted}, actual, classes)
    assert most_confused(counts, classes) == classes[:SHOWN]


def test_mistakes_come_with_the_surest_first() -> None:
    assert most_confident(SAID, SURE, ACTUAL) == [4, 1, 2]


def test_what_all_get_wrong_comes_with_what_they_say_together() -> None:
    found = wrong_by_all({"a": SAID, "b": OTHER}, {"a": SURE, "b": OTHERS_SURE}, ACTUAL)
    # Both are wrong on the images 1, 2 and 4, and say the same.
    assert [(index, said) for index, said, _ in found] == [(4, 0), (2, 1), (1, 1)]
    assert [sure for *_, sure in found] == pytest.approx([0.8, 0.775, 0.75])
    # One says 1 with 0.9, one says 2 with 0.5: the first counts, by half.
    parted = wrong_by_all(
        {"a": np.array([1]), "b": np.array([2])},
        {"a": np.array([0.9]), "b": np.array([0.5])},
        np.array([0]),
    )
    assert parted == [(0, 1, 0.45)]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_small_image_is_kept_bit_for_bit(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, channels), np.uint8)
    assert np.array_equal(decoded(data_uri(image)).reshape(image.shape), image)


def test_a_large_image_is_made_smaller_in_its_proportions() -> None:
    assert decoded(data_uri(np.zeros((400, 200, 3), np.uint8))).shape == (LARGEST, LARGEST // 2, 3)


def decoded(uri: str) -> np.ndarray:
    kind, _, content = uri.partition(";base64,")
    assert re.fullmatch("data:image/(png|webp)", kind)
    return np.array(Image.open(io.BytesIO(base64.b64decode(content))))


def test_parameters_that_differ_are_told_with_their_defaults() -> None:
    own = PARAMS | {"split": {"test_fraction": None, "validation_fraction": 0, "seed": 3}}
    told = {change.key: (change.value, change.default) for change in changes(own)}
    assert told["split.test_fraction"] == ("null", "0.14285714285714285")
    assert told["split.seed"] == ("3", "0")
    assert told["data.dataset"] == ("letters", "mnist_784")
    assert "split.validation_fraction" not in told


def test_every_parameter_of_these_sections_has_a_default() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    defaults = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    # Their values may well differ, in a project that began as a copy of this one.
    for name in ("data", "split", "train"):
        assert defaults[name].keys() == params[name].keys()


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_marks_stand_out_from_the_page(colours: dict[str, Any]) -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for mark in colours["models"]:
        dark, light = sorted(luminance(colour) for colour in (mark, colours["page"]))
        assert (light + 0.05) / (dark + 0.05) >= 3


def test_a_class_without_test_images_has_no_recall() -> None:
    found = results(["a", "b"], ["x", "y", "absent"])
    measured = found.per_class["a"].assign(support=[5, 5, 0], recall=[0.9, 0.8, 0.0])
    shown = results(["a", "b"], ["x", "y", "absent"], per_class={"a": measured, "b": measured})
    told = figures.classes(shown)["classes"]
    assert told.telling == "a finds y least, 80.00 % of them; b finds y least, 80.00 % of them."
    assert "absent" not in decoded_csv(told.numbers)


def test_the_difference_of_two_is_told_with_its_sign() -> None:
    found = results(["a", "b"], ["x", "y"], tested=4)
    predicted = {"a": np.array([1, 1, 1, 1]), "b": np.array([1, 0, 1, 0])}
    actual = np.array([0, 0, 1, 1])
    table = found.table.assign(accuracy=[0.5, 0.25])
    shown = results(["a", "b"], ["x", "y"], predicted=predicted, actual=actual, table=table)
    told = figures.classes(shown)
    assert told["difference"].telling == (
        "a takes x for y 1 times more than b; a takes y for x 1 times less than b."
    )


def decoded_csv(uri: str) -> str:
    return base64.b64decode(uri.removeprefix("data:text/csv;base64,")).decode()


def test_hashes_are_dvcs() -> None:
    removed = {
        "deps": [{"path": "stages/fetch", "md5": "old.dir"}],
        "outs": [{"path": "models/gone.keras", "md5": "d4"}],
    }
    lock = {"stages": LOCK["stages"] | {"train@gone": removed}}
    assert hashes(lock, {"a"}) == {
        "data": [("data/raw", "b2.dir")],
        "models": [("models/a.keras", "c3")],
        "code": [("stages/fetch", "a1.dir")],
        "comparison": [("metrics/comparison.csv", "e5")],
    }


def test_models_of_one_machine_are_told_together() -> None:
    one, other = {"cores": 2, "instructions": "avx avx2"}, {"cores": 4, "onednn": True}
    found = machines({n: {"machine": m} for n, m in (("a", one), ("b", other), ("c", one))})
    assert found == [
        ("a, c", [("cores", "2"), ("instructions", "avx avx2")]),
        ("b", [("cores", "4"), ("onednn", "True")]),
    ]


def test_the_notebooks_numbers_are_those_of_the_page_on_it() -> None:
    published = pd.read_csv(ROOT / "stages/report/notebook.csv")
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| ")}
    told = rows["| accuracy it gives"]
    assert [f"{100 * value:.1f} %" for value in published["accuracy"]] == re.findall(
        r"about (\S+ %)", told
    )
    times = re.findall(
        r"(\d+) m (\d+) s", rows["| training time it gives, on its author's machine"]
    )
    assert [60 * int(m) + int(s) for m, s in times] == published["train_seconds"].tolist()
