"""What tests of several folders are given: an empty folder, and projects made once for all."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tests.support.pipeline import Project


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the current one, and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a clone whose pipeline has run and is committed.

    It is one for all test processes: read its files or copy it, and run nothing in it. The folder
    ``opened`` beside it has a file for each stage: the paths that it opened to read.
    """
    return pipeline.shared(tmp_path_factory, "finished", pipeline.finish)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a clone with two tiny models, trained side by side and committed; to be copied."""
    return pipeline.shared(tmp_path_factory, "tiny", pipeline.train_tiny_models)


@pytest.fixture
def project(tiny: Project, tmp_path: Path) -> Project:
    """Return a copy of the project with two tiny models."""
    return tiny.copy(tmp_path / "project")


@pytest.fixture(scope="session")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a clone with two models of MNIST, trained with ``fast``; skip if it is not to be had.

    Read its files, and run nothing in it.
    """
    project = pipeline.shared(tmp_path_factory, "mnist", pipeline.train_on_mnist)
    if not (project.folder / "metrics/comparison.md").exists():
        pytest.skip("MNIST is not to be had here")
    return project


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return Debian's Chromium, driven by Playwright; skip if either is not here."""
    playwright = pytest.importorskip("playwright.sync_api", reason="make test-browser")
    if not (chromium := shutil.which("chromium")):
        pytest.skip("no browser here: apt-get install chromium")
    with playwright.sync_playwright() as started:
        # As root, as in a container, Chromium cannot use its own sandbox.
        yield started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
