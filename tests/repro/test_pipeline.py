"""The whole pipeline on a few hundred real digits: what comes out of it."""

import html
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support
from sklearn.model_selection import train_test_split

from tests.support import pipeline
from tests.support.pipeline import EPOCHS, IMAGES, MODELS, TEST_FRACTION, Project

PARAMETERS = {
    "model1": (679_808, 679_808),
    "model2": (109_674, 109_482),
    "model3": (1_726_250, 1_725_354),
}
TESTED = round(IMAGES * TEST_FRACTION)
PARTS = {"train": IMAGES - TESTED, "validation": TESTED, "test": TESTED}

every_model = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy of the finished clone, for all tests here."""
    return pipeline.finished(tmp_path_factory).copy(tmp_path_factory.mktemp("pipeline") / "project")


def read_json(project: Project, path: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project.folder / path).read_text())
    return content


def read_csv(project: Project, path: str) -> pd.DataFrame:
    return pd.read_csv(project.folder / path)


@pytest.mark.parametrize("part", PARTS)
def test_processed_images_have_their_shapes_and_can_be_mapped(project: Project, part: str) -> None:
    folder = project.folder / "data/processed" / part
    images = np.load(folder / "images.npy", mmap_mode="r")
    labels = np.load(folder / "labels.npy", mmap_mode="r")
    assert isinstance(images, np.memmap)
    assert isinstance(labels, np.memmap)
    assert (images.shape, images.dtype) == ((PARTS[part], 28, 28, 1), np.uint8)
    assert (labels.shape, labels.dtype) == ((PARTS[part], 10), np.float32)
    assert set(np.unique(labels)) == {0, 1}
    assert (labels.sum(axis=1) == 1).all()


def test_the_images_are_split_as_by_the_notebook(project: Project) -> None:
    with np.load(project.folder / "digits.npz") as digits:
        images, labels = digits["images"][:IMAGES], digits["labels"][:IMAGES]
    split = train_test_split(images, labels, test_size=TEST_FRACTION, random_state=0)
    for part, pixels, digit in (("train", split[0], split[2]), ("test", split[1], split[3])):
        folder = project.folder / "data/processed" / part
        assert np.array_equal(np.load(folder / "images.npy")[..., 0], pixels)
        assert np.array_equal(np.load(folder / "labels.npy").argmax(axis=1), digit)


@every_model
def test_settings_are_merged_and_their_keys_sorted(project: Project, model: str) -> None:
    settings = read_json(project, f"models/settings/{model}.json")
    assert list(settings) == sorted(settings)
    # The recipe asks for 1,000 images a batch for model2; what `train:` sets counts more.
    assert (settings["architecture"], settings["batch_size"]) == (model, 50)
    assert settings["epochs"] == EPOCHS[model]


@every_model
def test_training_metrics_are_those_of_the_last_epoch(project: Project, model: str) -> None:
    metrics = read_json(project, f"metrics/train/{model}.json")
    assert set(metrics) == {
        "parameters", "trainable_parameters", "training_images", "epochs", "batch_size",
        "precision", "recipe", "accuracy", "loss", "val_accuracy", "val_loss", "layers",
    }  # fmt: skip
    assert (metrics["parameters"], metrics["trainable_parameters"]) == PARAMETERS[model]
    assert sum(layer["parameters"] for layer in metrics["layers"]) == metrics["parameters"]
    assert (metrics["epochs"], metrics["batch_size"]) == (EPOCHS[model], 50)
    assert metrics["recipe"] == "notebook"
    assert metrics["precision"] in {"float32", "bfloat16"}

    history = read_csv(project, f"metrics/history/{model}.csv")
    assert list(history) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert list(history["epoch"]) == list(range(1, EPOCHS[model] + 1))
    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert list(history.iloc[-1][names]) == [metrics[name] for name in names]


@every_model
def test_times_fit_together(project: Project, model: str) -> None:
    time = read_json(project, f"metrics/time/{model}.json")
    assert set(time) == {
        "train_seconds", "seconds_per_epoch", "images_per_second", "per_epoch",
        "resumed_after_epochs", "machine",
    }  # fmt: skip
    epochs = EPOCHS[model]
    assert time["seconds_per_epoch"] == pytest.approx(time["train_seconds"] / epochs, abs=0.001)
    images = PARTS["train"] * epochs
    assert time["images_per_second"] == pytest.approx(images / time["train_seconds"], rel=0.01)


@every_model
def test_scores_are_those_scikit_learn_finds_in_the_predictions(
    project: Project, model: str
) -> None:
    scores = read_json(project, f"metrics/evaluate/{model}.json")
    assert set(scores) == {"accuracy", "loss", "errors", "macro_f1"}
    table = read_csv(project, f"metrics/predictions/{model}.csv")
    assert list(table) == ["actual", "predicted", "confidence"]
    actual, predicted = table["actual"], table["predicted"]
    labels = np.load(project.folder / "data/processed/test/labels.npy")
    assert list(actual) == labels.argmax(axis=1).tolist()
    assert table["confidence"].between(0.1, 1).all()
    assert scores["accuracy"] == pytest.approx(accuracy_score(actual, predicted))
    assert scores["errors"] == (actual != predicted).sum()
    assert scores["macro_f1"] == pytest.approx(f1_score(actual, predicted, average="macro"))

    per_class = read_csv(project, f"metrics/per_class/{model}.csv")
    assert list(per_class) == ["class", "precision", "recall", "f1", "support"]
    assert list(per_class["class"]) == list(range(10))
    assert per_class["support"].sum() == TESTED
    expected = precision_recall_fscore_support(actual, predicted, zero_division=0)
    assert pytest.approx(np.array(expected)) == per_class.drop(columns="class").to_numpy().T


@every_model
def test_each_model_is_far_above_chance_and_not_perfect(project: Project, model: str) -> None:
    assert 0.5 < read_json(project, f"metrics/evaluate/{model}.json")["accuracy"] < 1


def test_the_comparison_has_a_row_for_each_model(project: Project) -> None:
    table = read_csv(project, "metrics/comparison.csv")
    assert list(table) == [
        "model", "parameters", "trainable_parameters", "accuracy", "train_seconds", "epochs",
        "note", "accuracy_low", "accuracy_high", "recipe", "precision", "seeds", "seeds_deviation",
    ]  # fmt: skip
    assert list(table["model"]) == list(MODELS)
    for row in table.to_dict("records"):
        model = row["model"]
        assert (row["parameters"], row["trainable_parameters"]) == PARAMETERS[model]
        assert row["accuracy"] == read_json(project, f"metrics/evaluate/{model}.json")["accuracy"]
        assert (
            row["train_seconds"]
            == (read_json(project, f"metrics/time/{model}.json")["train_seconds"])
        )
        assert row["epochs"] == EPOCHS[model]
    notes = dict(zip(table["model"], table["note"].fillna(""), strict=True))
    for model in MODELS:
        assert ("fewest parameters" in notes[model]) == (model == "model2")

    text = (project.folder / "metrics/comparison.md").read_text()
    assert text.startswith("model1, model2 and model3 (recipe notebook) were compared on 200 test ")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[:2] for row in rows[2:]] == [[m, f"{PARAMETERS[m][0]:,}"] for m in MODELS]
    assert [row[-1] for row in rows[2:]] == list(notes.values())


def test_the_pairs_are_told_apart_by_scipys_binomial_test(project: Project) -> None:
    pairs = read_csv(project, "metrics/significance.csv")
    assert list(pairs)[:5] == ["first", "second", "difference", "p_value", "p_holm"]
    assert len(pairs) == 3
    for pair in pairs.to_dict("records"):
        tables = [
            read_csv(project, f"metrics/predictions/{pair[k]}.csv") for k in ("first", "second")
        ]
        first, second = (table["actual"] == table["predicted"] for table in tables)
        assert pair["difference"] == pytest.approx(first.mean() - second.mean())
        wins, losses = (first & ~second).sum(), (second & ~first).sum()
        expected = binomtest(wins, wins + losses).pvalue if wins + losses else 1
        assert pair["p_value"] == pytest.approx(expected)


def test_the_report_tells_of_this_run(project: Project) -> None:
    page = (project.folder / "metrics/report.html").read_text()
    text = (project.folder / "metrics/comparison.md").read_text()
    assert html.escape(text.splitlines()[0], quote=False).replace("'", "&#39;") in page
    hashes = project.hashes()
    assert all(hashes[path] in page for path in ("data/raw", "models/model2.keras"))
    assert "<code>data.path</code></th><td>digits.npz</td>" in page


LOADING = """
import importlib.util, json, sys
import keras
import numpy as np
assert importlib.util.find_spec("stages") is None
project, *models = sys.argv[1:]
images = np.load(f"{project}/data/processed/test/images.npy")
labels = np.load(f"{project}/data/processed/test/labels.npy")
found = {}
for name in models:
    model = keras.models.load_model(f"{project}/models/{name}.keras")
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
    assert {variable.dtype for variable in model.weights} == {"float32"}
    probabilities = model.predict(images, verbose=0)
    loss = keras.losses.CategoricalCrossentropy()(labels, probabilities)
    errors = int((probabilities.argmax(axis=1) != labels.argmax(axis=1)).sum())
    found[name] = {"errors": errors, "loss": float(loss), "parameters": model.count_params()}
print(json.dumps(found))
"""


def test_saved_models_give_the_recorded_scores_anywhere_without_our_code(
    project: Project, tmp_path: Path
) -> None:
    # Isolated: neither the folder nor PYTHONPATH leads to our package.
    elsewhere = Project(tmp_path)
    printed = elsewhere.output("python", "-I", "-c", LOADING, str(project.folder), *MODELS)
    found = json.loads(printed.splitlines()[-1])
    for model in MODELS:
        recorded = read_json(project, f"metrics/evaluate/{model}.json")
        assert found[model]["errors"] == recorded["errors"]
        assert found[model]["loss"] == pytest.approx(recorded["loss"], rel=1e-4)
        assert found[model]["parameters"] == PARAMETERS[model][0]


@every_model
def test_the_weights_file_holds_every_weight(project: Project, model: str) -> None:
    sizes = []
    with h5py.File(project.folder / f"models/{model}.weights.h5") as file:
        file.visititems(lambda _, item: sizes.append(getattr(item, "size", 0)))
    assert sum(sizes) == PARAMETERS[model][0]


def test_metrics_fit_a_terminal(project: Project) -> None:
    shown = project.output("dvc", "metrics", "show")
    assert all(f"metrics/evaluate/{model}.json" in shown for model in MODELS)
    assert max(map(len, shown.splitlines())) <= 100
    shown = json.loads(project.output("dvc", "metrics", "show", "--json"))
    assert set(shown[""]["data"]) == {f"metrics/evaluate/{model}.json" for model in MODELS}


def test_experiments_are_shown_with_metrics_and_parameters(project: Project) -> None:
    experiments = json.loads(project.output("dvc", "exp", "show", "--json"))
    for experiment in experiments:
        assert not experiment["error"]
        assert set(experiment["data"]["metrics"]) == {
            f"metrics/evaluate/{model}.json" for model in MODELS
        }
        assert experiment["data"]["params"]["params.yaml"]["data"]["train"]["batch_size"] == 50


def test_every_plot_can_be_drawn(project: Project) -> None:
    printed = project.output("dvc", "plots", "show", "--json")
    assert "failed to load" not in printed.lower()
    shown = json.loads(printed.splitlines()[-1])
    assert not shown.get("errors")
    files = {path for path in shown["data"] if path.startswith("metrics/")}
    per_model = {
        f"metrics/{kind}/{model}.{end}"
        for model in MODELS
        for kind, end in (
            ("train", "json"), ("time", "json"),
            ("history", "csv"), ("per_class", "csv"), ("predictions", "csv"),
        )
    }  # fmt: skip
    assert files == per_model | {
        f"metrics/{name}.csv" for name in ("history", "comparison", "significance")
    }
    assert "Loss per epoch" in shown["data"]


def test_the_graph_goes_one_way(project: Project) -> None:
    printed = project.output("dvc", "dag", "--dot")
    edges = {tuple(line.replace('"', "").strip(" ;").split(" -> ")) for line in printed.split("\n")}
    assert {edge for edge in edges if len(edge) == 2} == {
        ("fetch", "preprocess"),
        *(("configure", f"train@{model}") for model in MODELS),
        *(
            ("preprocess", f"{stage}@{model}")
            for stage in ("train", "evaluate")
            for model in MODELS
        ),
        *((f"train@{model}", f"evaluate@{model}") for model in MODELS),
        *(
            (f"{stage}@{model}", last)
            for stage in ("train", "evaluate")
            for model in MODELS
            for last in ("compare", "report")
        ),
        ("configure", "compare"),
        *((stage, "report") for stage in ("configure", "preprocess", "compare")),
    }


def test_a_second_run_runs_nothing(project: Project) -> None:
    run = project.run("repro")
    assert (run.ran, run.cached, run.skipped) == (set(), set(), pipeline.all_stages())
    assert project.output("git", "status", "--short") == ""
