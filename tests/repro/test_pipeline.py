"""The whole pipeline on a few hundred real digits: what comes out of it."""

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.backend import keras
from stages.common.files import read_json
from tests.support import declared, pipeline
from tests.support.pipeline import MODELS, Project

RESULTS = ("data/", "models/", "metrics/")
# The names that scripts rely on.
KEYS = {
    "train/model1.json": {
        *("parameters", "trainable_parameters", "training_images", "epochs", "batch_size"),
        *("precision", "recipe", "accuracy", "loss", "val_accuracy", "val_loss", "layers"),
    },
    "time/model1.json": {
        *("train_seconds", "seconds_per_epoch", "images_per_second", "per_epoch"),
        *("resumed_after_epochs", "machine"),
    },
    "evaluate/model1.json": {"accuracy", "loss", "errors", "macro_f1"},
}
COLUMNS = {
    "history/model1.csv": "epoch,accuracy,loss,val_accuracy,val_loss",
    "predictions/model1.csv": "actual,predicted,confidence",
    "per_class/model1.csv": "class,precision,recall,f1,support",
    "comparison.csv": "model,parameters,trainable_parameters,accuracy,train_seconds,epochs,note,"
    "accuracy_low,accuracy_high,recipe,precision,seeds,seeds_deviation",
    "significance.csv": "first,second,difference,p_value,p_holm",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the finished clone, to read."""
    return pipeline.finished(tmp_path_factory)


def test_keys_and_columns_are_those_that_others_rely_on(project: Project) -> None:
    for path, keys in KEYS.items():
        assert set(read_json(project.folder / "metrics" / path)) == keys, path
    for path, columns in COLUMNS.items():
        table = pd.read_csv(project.folder / "metrics" / path)
        assert ",".join(map(str, table)).startswith(columns), path


def test_a_stage_reads_the_results_it_depends_on_and_loads_keras_only_where_it_is_needed(
    project: Project,
) -> None:
    for stage in declared.stages(root=project.folder):
        name = stage.name.rpartition(":")[2]
        deps = {dep for dep in stage.deps if dep.startswith(RESULTS)}
        opened = pipeline.opened(project, name)
        read = {path for path in opened if path.startswith(RESULTS) and "/.partial-" not in path}
        assert {path for path in read if not within(path, deps | {*stage.outs})} == set(), name
        unread = {dep for dep in deps if not any(within(path, {dep}) for path in read)}
        # Here are no replicates.
        assert unread <= {"metrics/replicates"}, name
        loads_keras = any("/site-packages/keras/" in path for path in opened)
        assert loads_keras == name.startswith(("train@", "evaluate@")), name


def within(path: str, places: set[str]) -> bool:
    """Return whether *path* is one of *places* or a file in one."""
    return not places.isdisjoint({path, *map(str, Path(path).parents)})


@pytest.mark.parametrize("model", MODELS)
def test_scores_are_those_that_stock_keras_finds_for_the_saved_model(
    project: Project, model: str
) -> None:
    network = keras.models.load_model(project.folder / f"models/{model}.keras")
    images, labels = (
        np.load(project.folder / f"data/processed/test/{name}.npy") for name in ("images", "labels")
    )
    probabilities = network.predict(images, verbose=0)
    hits = probabilities.argmax(axis=1) == labels.argmax(axis=1)
    recorded = read_json(project.folder / f"metrics/evaluate/{model}.json")
    assert recorded["errors"] == len(hits) - hits.sum()
    loss = keras.losses.CategoricalCrossentropy()(labels, probabilities)
    assert recorded["loss"] == pytest.approx(float(loss), rel=1e-4)
    # Far above chance, and not perfect.
    assert 0.5 < recorded["accuracy"] < 1
    table = pd.read_csv(project.folder / "metrics/comparison.csv", index_col="model")
    assert table["accuracy"][model] == recorded["accuracy"]
    assert table["parameters"][model] == network.count_params()


def test_the_report_tells_of_this_run(project: Project) -> None:
    page = (project.folder / "metrics/report.html").read_text()
    text = (project.folder / "metrics/comparison.md").read_text()
    assert html.escape(text.splitlines()[0], quote=False).replace("'", "&#39;") in page
    hashes = project.hashes()
    assert all(hashes[path] in page for path in ("data/raw", "models/model2.keras"))
    assert "<code>data.path</code></th><td>digits.npz</td>" in page


def test_every_plot_can_be_drawn(project: Project) -> None:
    printed = project.output("dvc", "plots", "show", "--json")
    assert "failed to load" not in printed.lower()
    shown = json.loads(printed.splitlines()[-1])
    assert not shown.get("errors")
    per_model = [
        *("train/{}.json", "time/{}.json"),
        *("history/{}.csv", "per_class/{}.csv", "predictions/{}.csv"),
    ]
    names = [name.format(model) for name in per_model for model in MODELS]
    names += ["history.csv", "comparison.csv", "significance.csv"]
    assert {path for path in shown["data"] if path.startswith("metrics/")} == {
        f"metrics/{name}" for name in names
    }
    assert "Loss per epoch" in shown["data"]
