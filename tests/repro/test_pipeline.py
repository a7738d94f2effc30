"""The whole pipeline on a few hundred real digits: what comes out of it."""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.backend import keras
from stages.common.files import read_json
from tests.support import declared
from tests.support.pipeline import MODELS, Project

RESULTS = ("data/", "models/", "metrics/")
# The keys and columns that scripts rely on; a table may have more columns behind them.
NAMES = {
    "train/model1.json": "accuracy,batch_size,epochs,layers,loss,parameters,precision,recipe,"
    "trainable_parameters,training_images,val_accuracy,val_loss",
    "time/model1.json": "images_per_second,machine,per_epoch,resumed_after_epochs,"
    "seconds_per_epoch,train_seconds",
    "evaluate/model1.json": "accuracy,errors,loss,macro_f1",
    "history/model1.csv": "epoch,accuracy,loss,val_accuracy,val_loss",
    "predictions/model1.csv": "actual,predicted,confidence",
    "per_class/model1.csv": "class,precision,recall,f1,support",
    "comparison.csv": "model,parameters,trainable_parameters,accuracy,train_seconds,epochs,note,"
    "accuracy_low,accuracy_high,recipe,precision,seeds,seeds_deviation",
    "significance.csv": "first,second,difference,p_value,p_holm",
}


def test_keys_and_columns_are_those_that_others_rely_on(finished: Project) -> None:
    for path, names in NAMES.items():
        read = read_json if path.endswith(".json") else pd.read_csv
        assert ",".join(map(str, read(finished.folder / "metrics" / path))).startswith(names), path
    versions = {package: version(package) for package in ("keras", "numpy", "tensorflow")}
    for model in MODELS:
        settings = read_json(finished.folder / f"models/settings/{model}.json")
        assert (settings["architecture"], settings["versions"]) == (model, versions)


def test_a_stage_reads_the_results_it_depends_on(finished: Project) -> None:
    for stage in declared.stages(finished.folder):
        name = stage.name.rpartition(":")[2]
        deps = {dep for dep in stage.deps if dep.startswith(RESULTS)}
        opened = (finished.folder.parent / "opened" / name).read_text().splitlines()
        read = {path for path in opened if path.startswith(RESULTS) and "/.partial-" not in path}
        places = {place for path in read for place in (path, *map(str, Path(path).parents))}
        allowed = tuple(deps | {*stage.outs})
        assert [path for path in read if not path.startswith(allowed)] == [], name
        # Here are no replicates.
        assert deps - places <= {"metrics/replicates"}, name


@pytest.mark.parametrize("model", MODELS)
def test_scores_are_those_that_stock_keras_finds_for_the_saved_model(
    finished: Project, model: str
) -> None:
    network = keras.models.load_model(finished.folder / f"models/{model}.keras")
    images, labels = (
        np.load(finished.folder / f"data/processed/test/{name}.npy")
        for name in ("images", "labels")
    )
    probabilities = network.predict(images, verbose=0)
    hits = probabilities.argmax(axis=1) == labels.argmax(axis=1)
    recorded = read_json(finished.folder / f"metrics/evaluate/{model}.json")
    assert recorded["errors"] == len(hits) - hits.sum()
    loss = keras.losses.CategoricalCrossentropy()(labels, probabilities)
    assert recorded["loss"] == pytest.approx(float(loss), rel=1e-4)
    # Far above chance, and not perfect.
    assert 0.5 < recorded["accuracy"] < 1
    table = pd.read_csv(finished.folder / "metrics/comparison.csv", index_col="model")
    assert table["accuracy"][model] == recorded["accuracy"]
    assert table["parameters"][model] == network.count_params()


def test_the_report_is_of_the_files_here(finished: Project) -> None:
    page, hashes = (finished.folder / "metrics/report.html").read_text(), finished.hashes()
    assert all(hashes[path] in page for path in ("data/raw", "models/model2.keras"))
    assert "<code>data.path</code></th><td>digits.npz</td>" in page
    assert "test images from digits.npz in 10 classes" in page


def test_every_plot_can_be_drawn(finished: Project) -> None:
    printed = finished.output("dvc", "plots", "show", "--json")
    assert "failed to load" not in printed.lower()
    shown = json.loads(printed.splitlines()[-1])
    assert not shown.get("errors")
    tables = ("history", "per_class", "predictions")
    names = {f"metrics/{name}/model1.csv" for name in tables}
    assert shown["data"].keys() >= {*names, "metrics/comparison.csv", "Loss per epoch"}
