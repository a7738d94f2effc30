"""The user's own images in ``images/``: real DVC and Git, as far as preprocess."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support import pipeline
from tests.support.pipeline import Project


def add(project: Project, *names: str) -> None:
    """Put pictures of noise into ``images``."""
    for name in names:
        path = project.folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(len(name) + ord(name[-5])).integers(0, 256, (8, 8), np.uint8)
        Image.fromarray(noise).save(path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a clone with ten pictures in ``images``, fetched and split."""
    project = pipeline.clone(tmp_path / "project")
    params = project.read_params()
    params["data"]["path"] = "images"
    project.write_params(params)
    project.commit("Images instead of digits")
    add(project, *(f"{name}/{i}.png" for name in ("cat", "horse") for i in range(5)))
    assert project.run("repro", "preprocess").ran == {"fetch", "preprocess"}
    return project


@pytest.mark.parametrize(
    ("change", "ran"),
    [
        ("echo '# Another word.' >> images/.gitignore", set()),
        ("cp images/cat/1.png images/cat/new.png", {"fetch"}),
        ("cp images/cat/1.png images/cat/2.png", {"fetch"}),
        ("mkdir images/cow; cp images/cat/1.png images/cow", {"fetch"}),
        ("rm images/cat/2.png", {"fetch"}),
    ],
)
def test_a_change_of_a_picture_is_noticed_and_that_of_the_explanation_is_not(
    project: Project, change: str, ran: set[str]
) -> None:
    project.output("sh", "-c", change)
    assert project.run("repro", "--dry", "fetch").ran == ran


def test_what_dvc_keeps_is_in_experiments_and_clones(project: Project, tmp_path: Path) -> None:
    experiment = ("exp", "run", "--temp", "--set-param", "split.seed=1", "preprocess")
    for keep in (False, True):
        if keep:
            project.output("bash", "-c", "dvc add images/*/")
            project.run("repro", "preprocess")
            project.commit("Pictures")
        run = project.run(*experiment, succeeds=keep)
        assert ("an experiment gets only what Git or DVC keeps" in run.output) == (not keep)
    project.output("dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    project.commit("A remote")
    project.output("dvc", "push")
    fresh = project.git_clone(tmp_path / "fresh/project")
    assert "images/cat.dvc" in fresh.output("git", "ls-files")
    told = "images/cat.dvc: what it stands for is not here; `dvc pull` gets it"
    assert told in fresh.command("python", "-m", "stages.fetch").stdout
    # Nothing is fetched anew.
    fresh.output("python", "-m", "tools.pull")
    assert fresh.run("repro", "preprocess").ran == set()


def test_an_architecture_that_git_lacks_is_named_in_an_experiment(project: Project) -> None:
    source = project.folder / "stages/architectures/mine.py"
    source.write_bytes(source.with_name("model1.py").read_bytes())
    project.set_params({"models.mine": {"architecture": "mine"}})
    experiment = ("exp", "run", "--temp", "--set-param", "train.seed=1", "configure")
    run = project.run(*experiment, succeeds=False)
    assert "mine.py: an experiment gets only what Git keeps; run `git add stages/a" in run.output
    project.output("git", "add", "stages/architectures/mine.py")
    assert project.run(*experiment).ran == {"configure"}


def test_a_dataset_does_not_take_the_place_of_lost_pictures(project: Project) -> None:
    shutil.rmtree(project.folder / "images/cat")
    shutil.rmtree(project.folder / "images/horse")
    run = project.run("repro", "fetch", succeeds=False)
    assert "error: images: empty, but dvc.lock is of images in it; bring them back" in run.output
    assert "remove dvc.lock to train on mnist_784" in run.output


@pytest.mark.parametrize(
    ("name", "target", "told"),
    [
        (b"caf\xe9.png", None, r"images/cat/caf\xe9.png: a name that is not UTF-8; rename it"),
        (b"gone.png", "nowhere", "images/cat/gone.png: a link to something that is missing"),
        (b"dogs", "../horse", "images/cat/dogs: a link to a folder, in which DVC would not notice"),
    ],
)
def test_what_dvc_cannot_see_is_told_by_name(
    project: Project, name: bytes, target: str | None, told: str
) -> None:
    path = project.folder / "images/cat" / os.fsdecode(name)
    if target:
        path.symlink_to(target)
    else:
        shutil.copy(project.folder / "images/cat/1.png", path)
    run = project.make("repro", succeeds=False)
    assert f"error: {told}" in run.output
    assert run.ran == set()
