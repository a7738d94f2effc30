"""The models in other formats, and their cards."""

import os
from pathlib import Path
from typing import Any

import grimp
import numpy as np
import pandas as pd
import pytest

from stages import processed
from stages.backend import keras
from stages.common.files import read_json
from stages.params import Data
from tests import ROOT
from tests.support import declared, pipeline
from tests.support.pipeline import Project

hub = pytest.importorskip("huggingface_hub", reason="not here: make export installs it")

from stages.evaluate.model import load, predict  # noqa: E402 - if it is there
from tools.export import card, table  # noqa: E402
from tools.export.formats import FORMATS, write  # noqa: E402
from tools.export.runtimes import RUNTIMES  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
NAMES = [*pipeline.TINY_MODELS]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with two small models, trained; to be copied."""
    return pipeline.tiny(tmp_path_factory)


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_exported_says_what_keras_says(tiny: Project, tmp_path: Path, ending: str) -> None:
    images = np.load(tiny.folder / processed.FOLDER / "test" / "images.npy")
    for name in NAMES:
        model = load(tiny.folder / f"models/{name}.keras", images.shape[1:], 10)
        expected = predict(model.predict_on_batch, images)
        write(model, path := tmp_path / f"{name}.{ending}", FORMATS[ending])
        opened = RUNTIMES[ending][1](path)
        # Eight bits for a weight are two to three digits.
        within = 0.1 if ending == "int8.tflite" else 1e-4
        # All at once, one alone, and all again: a runtime makes ready for each number anew.
        for few in (images, images[:1], images):
            assert opened(few) == pytest.approx(expected[: len(few)], abs=within)


def test_weights_of_8_bits_take_about_a_quarter(tmp_path: Path) -> None:
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1000)]
    model = keras.Sequential([*layers, keras.layers.Dense(100)])
    model.predict_on_batch(np.zeros((1, 8, 8, 1)))
    sizes = {}
    for ending in ("tflite", "int8.tflite"):
        write(model, path := tmp_path / f"model.{ending}", FORMATS[ending])
        sizes[ending] = path.stat().st_size
    assert sizes["int8.tflite"] < 0.3 * sizes["tflite"]


def test_the_table_has_a_row_for_each_model_and_format(tmp_path: Path) -> None:
    assert "make export" in table.to_markdown(tmp_path)
    row = {
        **{"model": "m", "format": "int8.tflite", "runtime": "LiteRT 2", "bytes": 123_456},
        **{"accuracy": 0.98765, "disagreements": 3, "largest_difference": "1.2e-02"},
    }
    pd.DataFrame([row]).to_csv(tmp_path / "m.csv", index=False)
    text = table.to_markdown(tmp_path)
    assert "| m | LiteRT, 8-bit weights | 123 | 98.77 | 3 | 1e-02 |\n" in text
    assert text.endswith("Computed by LiteRT 2.")


def test_a_card_has_the_form_that_the_hub_takes_and_the_numbers_of_the_files(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny.folder)
    found = hub.ModelCard(card.card("model1"))
    (result,) = found.data.eval_results
    row = pd.read_csv("metrics/comparison.csv").set_index("model").loc["model1"]
    assert found.data.model_name == "model1"
    assert found.data.library_name == "keras"
    assert (result.metric_type, result.metric_value) == ("accuracy", row["accuracy"])
    interval = f"{100 * row['accuracy_low']:.2f} to {100 * row['accuracy_high']:.2f} %"
    assert f"| {100 * row['accuracy']:.2f} % | {interval} |" in found.text
    assert "`0`, `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`, `9`" in found.text
    # Not one of a hub's datasets, since the digits of the tests are of a file.
    assert found.data.datasets is None
    # The code on the card runs, and gives what evaluate wrote.
    code = found.text.partition("```python\n")[2].partition("```")[0]
    images = np.load(processed.FOLDER / "test" / "images.npy")
    names: dict[str, Any] = {"images": images}
    monkeypatch.chdir("models")
    exec(code, names)  # noqa: S102 - the card's own four lines
    predicted = pd.read_csv("../metrics/predictions/model1.csv")["predicted"]
    assert list(names["classes"]) == list(predicted)


def test_the_card_of_a_known_dataset_names_it_as_the_hub_does(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny.folder)
    data = Data(dataset=554, sources=[], path=None, size=None, limit=None)
    monkeypatch.setattr("stages.params.read_data", lambda: data)
    assert hub.ModelCard(card.card("model2")).data.datasets == ["ylecun/mnist"]


def test_each_stage_depends_on_the_code_that_it_runs(tiny: Project, tmp_path: Path) -> None:
    copy = tiny.copy(tmp_path / "project")
    (copy.folder / "tools/export/models.yaml").write_text("export: [model1]\n")
    graph = grimp.build_graph("stages", "tools", cache_dir=None)
    names = []
    for stage in declared.stages("tools/export/dvc.yaml", copy.folder):
        names.append(stage.name.partition(":")[2])
        module = stage.command.split()[2]
        modules = [module, *graph.find_upstream_modules(module)]
        paths = [f"{name.replace('.', '/')}.py" for name in modules]
        files = {path for path in paths if (ROOT / path).exists()} | {"stages/__init__.py"}
        if module == "tools.export.card":
            # What it reads of code.
            files |= {"stages/architectures/model1.py", "tools/export/card.md.jinja"}
        deps = [Path(dep) for dep in stage.deps if dep.startswith(("stages", "tools"))]
        used = {path: [dep for dep in deps if Path(path).is_relative_to(dep)] for path in files}
        assert all(used.values()), used
        assert {dep for found in used.values() for dep in found} == set(deps)
    assert names == ["formats@model1", "card@model1"]


@pytest.mark.skipif("SLOW" not in os.environ, reason="takes a minute: SLOW=1 make test")
def test_export_runs_what_changed_and_plain_dvc_keeps_what_it_made(
    tiny: Project, tmp_path: Path
) -> None:
    project = tiny.copy(tmp_path / "project")
    project.output("python", "-m", "tools.export")
    for name in NAMES:
        for ending in (*FORMATS, "md"):
            assert (project.folder / f"models/{name}.{ending}").stat().st_size
        rows = pd.read_csv(project.folder / f"metrics/exports/{name}.csv").set_index("format")
        assert list(rows.index) == ["keras", *RUNTIMES]
        assert list(rows.loc[["onnx", "tflite"], "disagreements"]) == [0, 0]
        scores = read_json(project.folder / f"metrics/evaluate/{name}.json")
        assert rows.loc["keras", "accuracy"] == scores["accuracy"]
    again = project.output("python", "-m", "tools.export")
    assert "Running stage" not in again
    assert "| model2 | ONNX |" in again
    for path in project.folder.glob("models/*.onnx"):
        path.unlink()
    project.output("dvc", "checkout")
    assert len([*project.folder.glob("models/*.onnx")]) == len(NAMES)
    project.commit("exports")
    assert "up to date" in project.output("dvc", "status")
    # `make repro` has nothing to do with them.
    project.append("tools/export/card.md.jinja", "\n")
    assert "card@model1" in project.output("dvc", "status")
    assert project.make("repro").output.startswith("Everything is up to date.")


def test_where_nothing_is_exported_plain_dvc_does_not_ask_for_it(
    tiny: Project, tmp_path: Path
) -> None:
    copy = tiny.copy(tmp_path / "project")
    assert "up to date" in copy.output("dvc", "status")
    copy.output("dvc", "checkout")
    copy.output("dvc", "commit", "--force")
