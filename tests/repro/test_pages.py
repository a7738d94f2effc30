"""The pages that lead through steps, as someone follows them: own-model.md, own-images.md."""

import hashlib
import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.backend import keras, make_repeatable, tf
from stages.common.errors import StageError
from stages.common.files import read_json
from stages.train.check import check
from stages.train.fit import fit
from tests import ROOT
from tests.support import pipeline
from tests.support.handmade import write_files
from tests.support.images import photograph, random_images
from tests.support.networks import add_architecture, built, trained_as
from tests.support.pipeline import TINY_MODELS, Project
from tests.support.settings import training_settings


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of code that a *page* of docs/ has in a *language*."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.+?)^```", text, re.MULTILINE | re.DOTALL)


def test_a_model_is_added_and_another_removed_and_the_new_one_alone_is_trained(
    project: Project,
) -> None:
    project.set_params({"models": {"model2": TINY_MODELS["model2"]}})
    project.output("sh", "-c", "git rm --quiet 'metrics/*/model1.*'")

    page = (ROOT / "docs/own-model.md").read_text(encoding="utf-8")
    (file,) = re.findall(r"^`(stages/architectures/\w+\.py)`", page, re.MULTILINE)
    (source, *_), (block,), (command,) = (
        blocks("own-model.md", language) for language in ("python", "yaml", "sh")
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


HEAD = "import keras\n\nFILTERS, DENSE = (16, 16), ()\n\n\n"


def test_the_patterns_train_with_and_without_weights_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, residual, backbone, own_weights = blocks("own-model.md", "python")
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    image, given = (32, 32, 1), tmp_path / "my.weights.h5"
    make_repeatable(0)
    pretrained = keras.applications.MobileNetV2(
        input_shape=(32, 32, 3), include_top=False, weights=None, pooling="avg"
    )
    pretrained.save_weights(given)
    # Before the last line.
    *before, last = backbone.splitlines(keepends=True)
    origin, digest = given.as_uri(), hashlib.sha256(given.read_bytes()).hexdigest()
    frozen = "".join([*before, own_weights, last])
    own = f"ORIGIN, SHA256 = '{origin}', '{digest}'\n{frozen}"
    settings = training_settings(architecture="odd", batch_size=8)
    make = partial(built, settings, image)
    for code, trainable in ((residual, 6 + 2), (backbone, 156 + 2), (own, 2)):
        add_architecture(monkeypatch, tmp_path, HEAD + code)
        check(make(), make, settings, random_images(4, image=image)[0])
        trainer = trained_as(make, settings)
        assert len(trainer.variables) == trainable
        monkeypatch.setattr(trainer, "trace", lambda: None)
        tf.config.run_functions_eagerly(True)
        fit(trainer, random_images(8, image=image), random_images(8, seed=1, image=image))
        tf.config.run_functions_eagerly(False)
    inside = next(layer for layer in trainer.graph.layers if isinstance(layer, keras.Model))
    for weight, expected in zip(inside.weights, pretrained.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy())
    add_architecture(monkeypatch, tmp_path, HEAD + own.replace(digest, "0" * 64))
    with pytest.raises(StageError, match=r"odd\.py: .* file hash does not match"):
        make()


def test_a_layer_of_ones_own_goes_all_the_way(project: Project) -> None:
    code, snippet = blocks("own-layers.md", "python")
    file = "stages/architectures/scaled.py"
    (project.folder / file).write_text(HEAD + code, encoding="utf-8")
    scaled = {"architecture": "scaled", "filters": None, "dense": None}
    project.set_params({"models": {"scaled": scaled}})
    assert "evaluate@scaled" in project.run("repro").ran
    # Opened by someone else, the model gives what it was scored with.
    (project.folder / "theirs.py").write_text(
        f"{snippet}\nimport numpy as np\n"
        "images = np.load('data/processed/test/images.npy')[:3]\n"
        "kept = np.load('metrics/probabilities/scaled.npy')[:3]\n"
        "np.testing.assert_allclose(model.predict(images), kept, rtol=1e-4)\n"
    )
    project.output("python", "theirs.py")
    # What the layer does is code that decides the scores.
    project.append(file, "# A comment.\n")
    assert {"train@scaled", "evaluate@scaled"} <= project.run("repro").ran


def test_the_page_on_own_images_leads_from_a_folder_to_a_comparison(tmp_path: Path) -> None:
    for place, kind in enumerate(("blotches", "dots", "stripes")):
        pictures = {f"{i}.jpg": photograph(kind, 40 * place + i) for i in range(40)}
        write_files(tmp_path / "home/my photos" / kind, pictures)
    project = Project(pipeline.clone(tmp_path / "project").folder, home=tmp_path / "home")
    shutil.copy(ROOT / "params.yaml", project.folder)
    project.set_params({"models": {"model2": project.read_params()["models"]["model2"]}})
    project.commit("One model")

    # What the two blocks left out say is tried in test_images.py and in test_own_images.py.
    setup, train, _, _, keep = blocks("own-images.md", "sh")
    # The environment is the one that runs this test.
    assert setup.split() == ["make", "setup", ".", ".venv/bin/activate"]
    train = train.replace("~/photos", '~/"my photos"')
    assert "| model2 |" in project.output("bash", "-ec", train).rsplit("| Model", maxsplit=1)[1]
    scores = read_json(project.folder / "metrics/evaluate/model2.json")
    # The page says 100 %, on one machine; each of the 18 images counts for 6 points.
    assert scores["accuracy"] > 0.7
    tested = pd.read_csv(project.folder / "metrics/per_class/model2.csv")["support"]
    assert tested.tolist() == [6, 6, 6]
    assert "So few images tell little: each of the 18 counts for 5.6 points" in (
        project.folder / "metrics/comparison.md"
    ).read_text(encoding="utf-8")
    project.output("bash", "-ec", keep)
    assert project.output("git", "status", "--short") == ""
    assert project.output("git", "ls-files", "images/*.dvc").count("\n") == 3
