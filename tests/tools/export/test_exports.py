"""The models in other formats, and their cards."""

import os
from pathlib import Path
from typing import Any

import grimp
import numpy as np
import pandas as pd
import pytest

from stages import processed
from tests import ROOT
from tests.support import declared
from tests.support.pipeline import TINY_MODELS, Project

hub = pytest.importorskip("huggingface_hub", reason="not here: make export installs it")

from stages.evaluate.model import load, predict  # noqa: E402 - if it is there
from tools.export import card  # noqa: E402
from tools.export.formats import FORMATS, write  # noqa: E402


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_exported_says_what_keras_says(tiny: Project, tmp_path: Path, ending: str) -> None:
    images = np.load(tiny.folder / processed.FOLDER / "test" / "images.npy")
    for name in TINY_MODELS:
        model = load(tiny.folder / f"models/{name}.keras", "model1", images.shape[1:], 10)
        expected = predict(model.predict_on_batch, images)
        options, _, openers = FORMATS[ending]
        write(model, path := tmp_path / f"{name}.{ending}", options)
        opened = openers(path)
        # Eight bits for a weight are two to three digits.
        within = 0.1 if ending == "int8.tflite" else 1e-4
        # All at once, one alone, and all again: a runtime makes ready for each number anew.
        for few in (images, images[:1], images):
            assert opened(few) == pytest.approx(expected[: len(few)], abs=within)


def test_a_card_suits_the_hub_and_the_files(tiny: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.folder)
    found = hub.ModelCard(card.card("model1"))
    row = pd.read_csv("metrics/comparison.csv").set_index("model").loc["model1"]
    assert found.data.eval_results[0].metric_value == row["accuracy"]
    interval = f"{100 * row['accuracy_low']:.2f} to {100 * row['accuracy_high']:.2f} %"
    assert f"| {100 * row['accuracy']:.2f} % | {interval} |" in found.text
    # The digits of the tests are of a file, and none of the hub's datasets.
    assert found.data.datasets is None
    # The code on the card runs, and gives what evaluate wrote.
    code = found.text.partition("```python\n")[2].partition("```")[0]
    images = np.load(processed.FOLDER / "test" / "images.npy")
    names: dict[str, Any] = {"images": images}
    monkeypatch.chdir("models")
    exec(code, names)  # noqa: S102 - the card's own four lines
    predicted = pd.read_csv("../metrics/predictions/model1.csv")["predicted"]
    assert list(names["classes"]) == list(predicted)


@pytest.mark.parametrize("name", ["formats", "card"])
def test_each_stage_depends_on_the_code_that_it_runs_and_reads(name: str) -> None:
    graph = grimp.build_graph("stages", "tools", cache_dir=None)
    module = f"tools.export.{name}"
    reached = [module, *graph.find_upstream_modules(module)]
    paths = [f"{module.replace('.', '/')}.py" for module in reached]
    files = {path for path in paths if (ROOT / path).exists()} | {"stages/__init__.py"}
    # Opened with the model, or quoted.
    files |= {"stages/architectures/model1.py"}
    files |= {"tools/export/card.md.jinja"} if name == "card" else set()
    listed = declared.read("tools/export/dvc.yaml")["stages"][name]["do"]["deps"]
    deps = [Path(dep) for dep in listed if dep.startswith(("stages", "tools"))]
    used = {path: [dep for dep in deps if Path(path).is_relative_to(dep)] for path in files}
    assert all(used.values()), used
    assert {dep for found in used.values() for dep in found} == set(deps)


@pytest.mark.skipif("SLOW" not in os.environ, reason="takes a minute: SLOW=1 make test")
def test_export_runs_what_changed_and_dvc_keeps_what_it_made(tiny: Project, tmp_path: Path) -> None:
    project = tiny.copy(tmp_path / "project")
    project.output("python", "-m", "tools.export")
    for name in TINY_MODELS:
        rows = pd.read_csv(project.folder / f"metrics/exports/{name}.csv").set_index("format")
        assert list(rows.loc[["onnx", "tflite"], "disagreements"]) == [0, 0]
    assert "Running stage" not in project.output("python", "-m", "tools.export")
    assert "up to date" in project.output("dvc", "status")
    # `make repro` has nothing to do with them.
    project.append("tools/export/card.md.jinja", "\n")
    assert "card@model1" in project.output("dvc", "status")
    assert project.make("repro").output.startswith("Everything is up to date.")
