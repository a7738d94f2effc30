"""The pages that lead through steps, as someone follows them: own-model.md, own-images.md."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests import ROOT
from tests.support import pipeline
from tests.support.handmade import flat, write_files
from tests.support.pipeline import TINY_MODELS, Project


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of code that a *page* has in a *language*."""
    return re.findall(rf"^```{language}\n(.+?)^```", page, re.MULTILINE | re.DOTALL)


def test_a_model_is_added_and_another_removed_and_the_new_one_alone_is_trained(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    project = pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    params = project.read_params()
    del params["models"]["model1"]
    project.write_params(params)
    project.output("sh", "-c", "git rm --quiet 'metrics/*/model1.*'")

    page = (ROOT / "docs/own-model.md").read_text(encoding="utf-8")
    (file,) = re.findall(r"^`(stages/architectures/\w+\.py)`", page, re.MULTILINE)
    (source,), (block,), (command,) = (
        blocks(page, language) for language in ("python", "yaml", "sh")
    )
    lines = [line for line in (source + block).splitlines() if line.strip()]
    assert f"{len(lines)} lines in all" in page
    (project.folder / file).write_text(source, encoding="utf-8")
    project.append("params.yaml", block)
    run = project.run(*command.removeprefix("dvc ").split())
    assert run.ran == {"configure", "train@small", "evaluate@small", "compare", "report"}
    table = pd.read_csv(project.folder / "metrics/comparison.csv")
    assert [*table["model"]] == ["model2", "small"]
    assert table["parameters"][1] == 31_306
    project.output("ruff", "check", file)
    project.output("ruff", "format", "--check", file)


def test_the_page_on_own_images_leads_from_a_folder_to_a_comparison(tmp_path: Path) -> None:
    for name, count in (("black", 30), ("nearly black", 50)):
        pictures = {f"{number}.png": flat(number, width=40) for number in range(count)}
        write_files(tmp_path / "home/photos" / name, pictures)
    project = Project(pipeline.clone(tmp_path / "project").folder, home=tmp_path / "home")
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (project.folder / "params.yaml").write_text(text.split("\nmodels:")[0], encoding="utf-8")
    params = project.read_params() | {"models": {"model2": TINY_MODELS["model2"]}}
    params["recipes"]["accurate"]["epochs"] = 2
    project.write_params(params)
    project.commit("One tiny model")

    # What the two blocks left out say is tried in test_images.py and in test_reruns.py.
    page = (ROOT / "docs/own-images.md").read_text(encoding="utf-8")
    setup, copy, train, _, _, keep = blocks(page, "sh")
    # The environment is the one that runs this test.
    assert setup.split() == ["make", "setup", ".", ".venv/bin/activate"]
    project.output("bash", "-ec", copy)
    assert "| model2 |" in project.output("bash", "-ec", train).rsplit("| Model", maxsplit=1)[1]
    tested = pd.read_csv(project.folder / "metrics/per_class/model2.csv")["support"]
    # A seventh of 80.
    assert tested.sum() == 12
    project.output("bash", "-ec", keep)
    assert project.output("git", "status", "--short") == ""
