"""DVC watches what stands behind ``data.path``: a plain ``dvc repro`` fetches it again."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support import pipeline
from tests.support.pipeline import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a clone that has not run, and two images of each of two classes beside it."""
    for name in ("cat", "dog"):
        for number in range(2):
            draw(tmp_path / "photos of mine" / name / f"{number}.png", 100 * number)
    return pipeline.clone(tmp_path / "project")


def draw(path: Path, grey: int) -> None:
    """Write an image of 8 x 8 pixels, all of this *grey*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8), grey, np.uint8)).save(path)


def set_path(project: Project, path: str | None) -> None:
    params = project.read_params()
    params["data"]["path"] = path
    project.write_params(params)


def test_a_file_that_is_changed_added_or_removed_is_fetched_and_no_other_run_is(
    project: Project,
) -> None:
    photos = project.folder.parent / "photos of mine"

    def greys() -> list[int]:
        raw: list[int] = np.load(project.folder / "data/raw/images.npy")[:, 0, 0, 0].tolist()
        return raw

    changes: list[Callable[[], object]] = [
        lambda: set_path(project, "../photos of mine"),
        lambda: draw(photos / "cat/1.png", 7),
        lambda: set_path(project, f"{photos}/"),
        lambda: draw(photos / "dog/more/2.png", 9),
        (photos / "dog/0.png").unlink,
    ]
    seen = []
    for change in changes:
        change()
        run = project.run("repro", "fetch")
        assert run.ran == {"fetch"}
        seen.append(greys())
        run = project.run("repro", "fetch")
        assert (run.ran, run.skipped) == (set(), {"fetch"})
    assert seen == [
        [0, 0, 100, 100],
        [0, 0, 7, 100],
        [0, 0, 7, 100],
        [0, 0, 7, 100, 9],
        [0, 100, 7, 9],
    ]


def test_without_a_path_the_sources_are_asked(project: Project) -> None:
    params = project.read_params()
    params["data"] |= {"path": None, "sources": ["none"]}
    project.write_params(params)
    run = project.run("repro", "fetch", succeeds=False)
    assert run.ran == {"fetch"}
    assert "error: params.yaml: data.sources: unknown source 'none'" in run.output


@pytest.mark.parametrize("path", ["photos", "~/photos"])
def test_make_repro_names_the_key_of_a_path_where_nothing_is(project: Project, path: str) -> None:
    set_path(project, path)
    run = project.make("repro", succeeds=False)
    assert run.ran == set()
    assert run.output.splitlines()[0] == (
        f"error: params.yaml: data.path: {path!r} is not there; "
        "give a path from the project's folder, or a whole one without ~"
    )
