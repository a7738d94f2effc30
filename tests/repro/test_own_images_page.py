"""docs/own-images.md, "Your own images in five minutes", as someone follows it."""

import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import TINY_MODELS, Project

BLOCK = re.compile(r"^```sh\n(.+?)^```", re.MULTILINE | re.DOTALL)
CLASSES = ["flower", "temple"]


def write_photographs(folder: Path, count: int) -> None:
    """Write *count* pieces of each of scikit-learn's two photographs, of many sizes."""
    for name, photograph in zip(["temple", "flower"], load_sample_images().images, strict=True):
        (folder / name).mkdir(parents=True)
        whole = Image.fromarray(photograph)
        for number in range(count):
            x, y = 17 * number % 500, 29 * number % 300
            piece = whole.crop((x, y, x + 90 + number % 30, y + 100 - number % 20))
            piece.save(folder / name / f"{number}.{'jpg' if number % 2 else 'png'}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a clone, with the project's own parameters but for the models: a tiny one."""
    project = Project(pipeline.clone(tmp_path / "project").folder, home=tmp_path / "home")
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (project.folder / "params.yaml").write_text(text.split("\nmodels:")[0], encoding="utf-8")
    params = project.read_params()
    project.write_params(params | {"models": {"model2": TINY_MODELS["model2"]}})
    project.commit("One tiny model")
    return project


def support_of(project: Project) -> pd.Series:
    """Return how many images of each class the model was tested on."""
    table = pd.read_csv(project.folder / "metrics/per_class/model2.csv", index_col="class")
    return table["support"]


def test_the_page_leads_from_a_folder_to_a_comparison(project: Project, tmp_path: Path) -> None:
    write_photographs(tmp_path / "home/photos", 40)
    write_photographs(tmp_path / "home/more-photos", 50)
    setup, copy, train, more, _, keep = BLOCK.findall(
        (ROOT / "docs/own-images.md").read_text(encoding="utf-8")
    )
    # The environment is the one that runs this test.
    assert setup.split() == ["make", "setup", ".", ".venv/bin/activate"]
    project.output("bash", "-ec", copy)
    printed = project.output("bash", "-ec", train)
    assert "| model2 |" in printed.rsplit("| Model", maxsplit=1)[1]
    # A seventh of 80.
    assert support_of(project).sum() == 12

    run = pipeline.outcome(project.output("bash", "-ec", more))
    assert {"fetch", "preprocess", "compare"} <= run.ran
    # A seventh of 100.
    assert support_of(project).sum() == 15
    assert project.run("repro").ran == set()

    project.output("bash", "-ec", keep)
    assert project.output("git", "status", "--short") == ""
