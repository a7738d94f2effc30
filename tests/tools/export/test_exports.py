"""The models in other formats, and their cards."""

import os
from pathlib import Path
from typing import Any

import grimp
import numpy as np
import pandas as pd
import pytest
import yaml

from stages import processed
from stages.backend import keras
from tests import ROOT
from tests.support import declared, pipeline
from tests.support.pipeline import Project

hub = pytest.importorskip("huggingface_hub", reason="not here: make export installs it")

from stages.evaluate.model import load, predict  # noqa: E402 - if it is there
from tools.export import card, table  # noqa: E402
from tools.export.formats import FORMATS, write  # noqa: E402
from tools.export.measure import timed  # noqa: E402
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
        path = tmp_path / f"{name}.{ending}"
        write(model, path, FORMATS[ending])
        opened = RUNTIMES[ending][1](path, 1)
        expected = predict(model.predict_on_batch, images)
        # Eight bits for a weight are two to three digits.
        within = 0.1 if ending == "int8.tflite" else 1e-4
        # All at once, one alone, and all again: a runtime makes ready for each number anew.
        for few in (images, images[:1], images):
            assert opened(few) == pytest.approx(expected[: len(few)], abs=within)


def test_weights_of_8_bits_take_about_a_quarter(tmp_path: Path) -> None:
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1000)]
    model = keras.Sequential([*layers, keras.layers.Dense(100)])
    sizes = {}
    for ending in ("tflite", "int8.tflite"):
        write(model, path := tmp_path / f"model.{ending}", FORMATS[ending])
        sizes[ending] = path.stat().st_size
    assert sizes["int8.tflite"] < 0.3 * sizes["tflite"]


def test_formats_are_timed_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now, order = 0.0, ""

    def format_of(name: str, seconds: float) -> Any:
        def predict_(images: np.ndarray) -> np.ndarray:
            nonlocal now, order
            now, order = now + seconds, order + name
            return images

        return predict_

    # Before the call, to see whether time is up; and after it.
    monkeypatch.setattr("time.perf_counter", lambda: now)
    monkeypatch.setattr("tools.export.measure.SECONDS", 0.5)
    seconds = timed({"a": format_of("a", 0.5), "b": format_of("b", 0.25)}, np.zeros((1, 2)))
    assert order == 16 * "abb"
    assert {name: set(values) for name, values in seconds.items()} == {"a": {0.5}, "b": {0.25}}


def test_the_table_has_a_row_for_each_model_and_format(tmp_path: Path) -> None:
    assert "make export" in table.to_markdown(tmp_path)
    row = {
        **{"model": "m", "format": "int8.tflite", "runtime": "LiteRT 2", "bytes": 123_456},
        **{"accuracy": 0.98765, "disagreements": 3, "largest_difference": "1.2e-02"},
        **{f"milliseconds_q{quarter}": quarter / 100 for quarter in (25, 50, 75)},
        **{f"images_per_second_q{quarter}": 100 * quarter for quarter in (25, 50, 75)},
        **{"rounds": 15, "machine": "a box"},
    }
    pd.DataFrame([row]).to_csv(tmp_path / "m.csv", index=False)
    text = table.to_markdown(tmp_path)
    assert (
        "| m | LiteRT, 8-bit weights | 123 | 98.77 | 3 | 1e-02 | 0.500 (0.250 to 0.750) "
        "| 5,000 (2,500 to 7,500) |\n"
    ) in text
    assert text.endswith("Median and quartiles of 15 rounds, the formats in turn. LiteRT 2; a box.")


def test_a_card_has_the_form_that_the_hub_takes_and_the_numbers_of_the_files(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny.folder)
    found = hub.ModelCard(card.card(card.facts("model1")))
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
    (code,) = found.text.split("```python\n")[1:]
    code = code.partition("```")[0]
    assert len(code.splitlines()) == 4
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
    of = card.facts("model2")._replace(data="mnist_784", hub="ylecun/mnist")
    assert hub.ModelCard(card.card(of)).data.datasets == ["ylecun/mnist"]


def test_each_stage_depends_on_the_code_that_it_runs(tiny: Project, tmp_path: Path) -> None:
    copy = tiny.copy(tmp_path / "project")
    (copy.folder / "tools/export/models.yaml").write_text("export: [model1]\n")
    stages = declared.stages("tools/export/dvc.yaml", copy.folder)
    graph = grimp.build_graph("stages", "tools", "benchmarks", cache_dir=None)
    assert [stage.name.partition(":")[2] for stage in stages] == [
        *("formats@model1", "measure@model1", "card@model1")
    ]
    for stage in stages:
        module = stage.command.split()[2]
        imported = [module, *graph.find_upstream_modules(module)]
        files = [
            path for name in imported if (ROOT / (path := f"{name.replace('.', '/')}.py")).exists()
        ]
        if module == "tools.export.card":
            # What it reads of code.
            files += ["stages/architectures/model1.py", "tools/export/card.md.jinja"]
        deps = {dep for dep in stage.deps if dep.startswith(("stages", "tools", "benchmarks"))}
        deps.remove("stages/__init__.py")
        reached = {dep: [path for path in files if Path(path).is_relative_to(dep)] for dep in deps}
        assert all(reached.values()), reached
        assert {path for paths in reached.values() for path in paths} == set(files)


slow = pytest.mark.skipif("SLOW" not in os.environ, reason="takes a minute: SLOW=1 make test")


@pytest.fixture(scope="module")
def exported(tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project that has exported once."""
    project = tiny.copy(tmp_path_factory.mktemp("exports") / "project")
    project.replace(
        "tools/export/measure.py", "ROUNDS, SECONDS = 15, 0.1", "ROUNDS, SECONDS = 2, 0.01"
    )
    project.output("python", "-m", "tools.export")
    return project


@slow
def test_each_format_each_table_and_each_card_is_there(exported: Project) -> None:
    for name in NAMES:
        for ending in (*FORMATS, "md"):
            assert (exported.folder / f"models/{name}.{ending}").stat().st_size
        rows = pd.read_csv(exported.folder / f"metrics/exports/{name}.csv").set_index("format")
        assert list(rows.index) == ["keras", *RUNTIMES]
        assert list(rows.loc[["onnx", "tflite"], "disagreements"]) == [0, 0]
        scores = yaml.safe_load((exported.folder / f"metrics/evaluate/{name}.json").read_text())
        assert rows.loc["keras", "accuracy"] == scores["accuracy"]


@slow
def test_a_second_time_nothing_runs(exported: Project) -> None:
    done = exported.output("python", "-m", "tools.export")
    assert "Running stage" not in done
    assert "| model2 | ONNX |" in done


@slow
def test_dvc_keeps_them_and_brings_them_back(exported: Project) -> None:
    for path in exported.folder.glob("models/*.onnx"):
        path.unlink()
    exported.output("dvc", "checkout")
    assert len([*exported.folder.glob("models/*.onnx")]) == len(NAMES)


@slow
def test_make_repro_has_nothing_to_do_with_them(exported: Project) -> None:
    exported.commit("exports")
    assert "up to date" in exported.output("dvc", "status")
    exported.append("tools/export/card.md.jinja", "\n")
    assert "card@model1" in exported.output("dvc", "status")
    assert exported.make("repro").output.startswith("Everything is up to date.")


def test_where_nothing_is_exported_plain_dvc_does_not_ask_for_it(
    tiny: Project, tmp_path: Path
) -> None:
    copy = tiny.copy(tmp_path / "project")
    assert "up to date" in copy.output("dvc", "status")
    copy.output("dvc", "checkout")
    copy.output("dvc", "commit", "--force")
