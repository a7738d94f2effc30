"""Images that are not MNIST's, from their files to the scores of their classes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from stages import settings
from stages.common.files import write_json
from stages.evaluate import __main__ as evaluate
from stages.fetch import __main__ as fetch
from stages.preprocess import __main__ as preprocess
from stages.train import __main__ as train
from tests.support import pipeline
from tests.support.pipeline import Project
from tests.support.settings import DEFAULTS

# Keras turns variables into arrays in a way that numpy 2.4 will not take much longer.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# What a table, a plot or a page may take for something else.
FLOWER, BUILDING, NEGATIVE = "flower", "NA", 'a, "b" <c>'


def piped(folder: Path, model: dict[str, Any], data: dict[str, Any], split: Any) -> Project:
    """Return a clone that has run its whole pipeline with one small *model* on these images."""
    project = pipeline.clone(folder)
    params = project.read_params()
    params["data"] |= {"limit": None} | data
    params["split"]["test_fraction"] = split
    params["models"] = {"mine": {"normalize": True, "learning_rate": 0.005, "epochs": 5} | model}
    project.write_params(params)
    run = project.run("repro")
    of_mine = {"train@mine", "evaluate@mine"}
    assert run.ran == pipeline.all_stages() - pipeline.for_each("train", "evaluate") | of_mine
    return project


def table(project: Project, kind: str) -> pd.DataFrame:
    return pd.read_csv(project.folder / f"metrics/{kind}/mine.csv", keep_default_na=False)


def metrics(project: Project, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.folder / f"metrics/{kind}/mine.json").read_text())
    return found


def part(project: Project, name: str, file: str = "images.npy") -> np.ndarray:
    array: np.ndarray = np.load(project.folder / "data/processed" / name / file)
    return array


def run_stages(source: Path, test_fraction: float | None, model: dict[str, Any]) -> dict[str, Any]:
    """Run each stage on the images in *source*, in the working folder; return the scores."""
    data: Any = {"dataset": "", "sources": [], "path": str(source), "size": None, "limit": None}
    split = {"test_fraction": test_fraction, "validation_fraction": 0, "seed": 0}
    Path("params.yaml").write_text(yaml.safe_dump({"data": data, "split": split}))
    write_json(settings.path_of("mine"), DEFAULTS | model)
    fetch.main()
    preprocess.main()
    train.main("mine")
    evaluate.main("mine")
    scores: dict[str, Any] = json.loads(Path("metrics/evaluate/mine.json").read_text())
    return scores


def test_digits_of_8_x_8_pixels_go_in_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    digits = load_digits()
    np.savez("digits.npz", x=digits.images, y=digits.target)
    model = {"architecture": "model1", "filters": [8, 8], "dense": [32], "normalize": True}
    scores = run_stages(
        Path("digits.npz"), 0.25, model | {"learning_rate": 0.005, "epochs": 5, "batch_size": 50}
    )
    project = Project(tmp_path)
    assert part(project, "train").shape == (1347, 8, 8, 1)
    assert part(project, "test").shape == (450, 8, 8, 1)
    # 17 values in all: those of the files, which are not stretched.
    assert set(np.unique(part(project, "train"))) == set(range(17))
    # 3 * 3 * 8 weights, 2 * 2 * 8 * 8, then of the 2 x 2 pixels that are left, and the biases.
    parameters = (72 + 8) + (256 + 8) + (32 * 32 + 32) + (32 * 10 + 10)
    assert metrics(project, "train")["parameters"] == parameters
    assert scores["accuracy"] > 0.8
    assert list(table(project, "per_class")["class"]) == list(range(10))


def write_photographs(folder: Path) -> None:
    """Cut two photographs, and one's negative, into pieces of 48 x 32 pixels.

    Every fourth piece is one to test on, every second a JPEG.
    """
    building, flower = load_sample_images().images
    for name, photograph in ((FLOWER, flower), (BUILDING, building), (NEGATIVE, 255 - flower)):
        for number in range(120):
            row, column = divmod(number, 12)
            piece = photograph[32 * row : 32 * row + 32, 48 * column : 48 * column + 48]
            path = folder / ("train" if number % 4 else "test") / name / str(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            suffix = ".png" if number % 2 else ".jpg"
            Image.fromarray(piece).save(path.with_suffix(suffix))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a clone whose pipeline has run on a folder of photographs, split by its folders."""
    around = tmp_path_factory.mktemp("photographs")
    write_photographs(around / "photographs")
    model = {"architecture": "model2", "filters": [4, 8], "dense": [16], "flip": True}
    return piped(around / "project", model, {"path": "../photographs"}, None)


def test_photographs_in_folders_keep_their_size_their_colours_and_their_split(
    photographs: Project,
) -> None:
    images = part(photographs, "train")
    assert images.shape == (270, 32, 48, 3)
    assert part(photographs, "test").shape == (90, 32, 48, 3)
    assert part(photographs, "test", "labels.npy").sum(axis=0).tolist() == [30, 30, 30]
    pixels = json.loads((photographs.folder / "data/processed/train/pixels.json").read_text())
    np.testing.assert_allclose(pixels["mean"], images.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(pixels["deviation"], images.std(axis=(0, 1, 2)))


def test_photographs_are_told_apart_and_their_classes_named(photographs: Project) -> None:
    # A third is chance.
    assert metrics(photographs, "evaluate")["accuracy"] > 0.7
    assert list(table(photographs, "per_class")["class"]) == [BUILDING, NEGATIVE, FLOWER]
    predictions = table(photographs, "predictions")
    assert Counter(predictions["actual"]) == dict.fromkeys((BUILDING, NEGATIVE, FLOWER), 30)
    hits = (predictions["actual"] == predictions["predicted"]).mean()
    assert hits == pytest.approx(metrics(photographs, "evaluate")["accuracy"])


def test_plots_show_the_classes_names(photographs: Project) -> None:
    printed = photographs.output("dvc", "plots", "show", "--json")
    assert "failed to load" not in printed.lower()
    shown = json.loads(printed.splitlines()[-1])
    assert not shown.get("errors")
    for kind, axis in (("per_class", "class"), ("predictions", "actual")):
        (plot,) = shown["data"][f"metrics/{kind}/mine.csv"]
        points = plot["content"]["data"]["values"]
        assert {point[axis] for point in points} == {BUILDING, NEGATIVE, FLOWER}


def test_a_thousand_classes_are_trained_on_and_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = np.array([f"kind {number:03}" for number in range(1000)])
    images = np.random.default_rng(0).integers(0, 256, (2000, 4, 4), np.uint8)
    np.savez("my.npz", x_train=images[:1000], y_train=names, x_test=images[1000:], y_test=names)
    small = {"filters": [2, 2], "dense": [], "batch_size": 500}
    scores = run_stages(Path("my.npz"), None, small)
    of_classes = pd.read_csv("metrics/per_class/mine.csv")
    assert list(of_classes["class"]) == list(names)
    assert list(of_classes["support"]) == [1] * 1000
    # An untrained guess among a thousand costs log(1000).
    assert scores["loss"] == pytest.approx(np.log(1000), rel=0.05)
