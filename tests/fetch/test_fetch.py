"""The fetch stage: which source is asked when, what is verified, what is written and said."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch import user_cache
from stages.fetch.images import LabelledImages, Part, labelled
from stages.fetch.known import FASHION_MNIST, KNOWN, MNIST, Dataset, find
from stages.fetch.limit import limited
from stages.fetch.sources import openml, pypi
from tests.support.handmade import digits

WORDS = [f"the {number}" for number in range(10)]


def images(*labels: int) -> LabelledImages:
    pixels, numbers = digits(*labels)
    return labelled({"all": Part(pixels, numbers, "a source")})


def sha256(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


RIGHT = images(*range(10))
REVERSED = images(*range(9, -1, -1))
PIXELS, LABELS = digits(*range(10))
TINY = Dataset(
    openml=1,
    images_sha256=sha256(PIXELS),
    labels_sha256=sha256(LABELS),
    classes=WORDS,
    parts={"train": 7, "test": 3},
)
MINE = Dataset(openml="mine", keras="mine")
DEAD = StageError("the line is dead")


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setitem(KNOWN, "tiny", TINY)


def write_params(**settings: str) -> None:
    """Write params.yaml with the *settings* of data that differ."""
    data = {"dataset": "tiny", "sources": "[openml, pypi]", "path": "", "size": "", "limit": ""}
    lines = [f"  {key}: {value}\n" for key, value in (data | settings).items()]
    Path("params.yaml").write_text("data:\n" + "".join(lines))


def have_answer(patch: pytest.MonkeyPatch, source: object, answer: object) -> None:
    """Have *source* answer with images, or with an error."""

    def stand_in(dataset: Dataset) -> object:
        assert dataset in (TINY, MINE)
        if isinstance(answer, StageError):
            raise answer
        return answer

    patch.setattr(source, "fetch", stand_in)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (DEAD, "the line is dead"),
        (
            REVERSED,
            f"images with SHA-256 {sha256(*REVERSED.chunks())}, expected {TINY.images_sha256}",
        ),
        (
            replace(RIGHT, labels=REVERSED.labels),
            f"labels with SHA-256 {sha256(REVERSED.labels)}, expected {TINY.labels_sha256}",
        ),
    ],
)
def test_what_the_first_source_does_not_send_is_fetched_from_the_next(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    first: LabelledImages | StageError,
    said: str,
) -> None:
    have_answer(monkeypatch, openml, first)
    have_answer(monkeypatch, pypi, RIGHT)
    write_params()
    fetch.main()
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), PIXELS[..., np.newaxis])
    assert np.load("data/raw/labels.npy").tolist() == list(range(10))
    assert capsys.readouterr().out.splitlines() == [
        f"openml: {said}",
        "tiny from pypi",
        "10 images of 28 x 28, grey, 10 classes; the data's own split: 7 to train, 3 to test",
    ]


@pytest.mark.parametrize(("order", "first"), [("openml, pypi", "openml"), ("pypi, openml", "pypi")])
def test_sources_are_asked_in_the_order_of_params_yaml(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], order: str, first: str
) -> None:
    for source in (openml, pypi):
        have_answer(monkeypatch, source, RIGHT)
    write_params(sources=f"[{order}]")
    fetch.main()
    assert capsys.readouterr().out.splitlines()[0] == f"tiny from {first}"


def test_on_a_terminal_each_source_is_named_before_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    have_answer(monkeypatch, openml, DEAD)
    have_answer(monkeypatch, pypi, RIGHT)
    write_params()
    fetch.main()
    assert capsys.readouterr().out.splitlines()[:4] == [
        "asking openml ...",
        "openml: the line is dead",
        "asking pypi ...",
        "tiny from pypi",
    ]


def test_what_was_sent_once_is_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    have_answer(monkeypatch, openml, RIGHT)
    write_params()
    fetch.main()
    written = {path: path.read_bytes() for path in Path("data/raw").iterdir()}
    capsys.readouterr()
    shutil.rmtree("data")
    for source in (openml, pypi):
        monkeypatch.setattr(source, "fetch", lambda _: pytest.fail("it was asked"))
    fetch.main()
    assert {path: path.read_bytes() for path in Path("data/raw").iterdir()} == written
    cache = tmp_path / "caches/cached-mnist-pipeline"
    assert capsys.readouterr().out.splitlines()[0] == f"tiny from {cache}"


@pytest.mark.parametrize("kind", ["images", "labels"])
@pytest.mark.parametrize(
    "content_of",
    [lambda content: b"", lambda content: content[:-1], lambda content: content[::-1]],
    ids=["empty", "cut short", "other bytes"],
)
def test_what_was_kept_and_is_damaged_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    content_of: Callable[[bytes], bytes],
) -> None:
    have_answer(monkeypatch, openml, RIGHT)
    write_params()
    fetch.main()
    known = {"images": TINY.images_sha256, "labels": TINY.labels_sha256}[kind]
    file = user_cache.folder() / str(known)
    damaged = content_of(file.read_bytes())
    file.write_bytes(damaged)
    capsys.readouterr()
    fetch.main()
    told, fetched = capsys.readouterr().out.splitlines()[:2]
    assert told.startswith(f"warning: {user_cache.folder()}: not used: ")
    # What has the right length is told by its checksum.
    if len(damaged) == len({"images": PIXELS, "labels": LABELS}[kind].tobytes()):
        actual = hashlib.sha256(damaged).hexdigest()
        assert told.endswith(f": {kind} with SHA-256 {actual}, expected {known}")
    assert fetched == "tiny from openml"
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), PIXELS[..., np.newaxis])
    np.testing.assert_array_equal(np.load("data/raw/labels.npy"), LABELS)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == known


def test_a_known_dataset_has_its_own_classes_and_split(monkeypatch: pytest.MonkeyPatch) -> None:
    have_answer(monkeypatch, openml, RIGHT)
    write_params()
    fetch.main()
    assert json.loads(Path("data/raw/dataset.json").read_text()) == {
        "classes": WORDS,
        "parts": {"train": 7, "test": 3},
    }


def test_another_dataset_is_recorded_and_asked_for_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    have_answer(monkeypatch, openml, RIGHT)
    write_params(dataset="mine")
    fetch.main()
    assert capsys.readouterr().out.splitlines() == [
        "mine from openml",
        "10 images of 28 x 28, grey, 10 classes",
    ]
    assert json.loads(Path("data/raw/dataset.json").read_text()) == {
        "classes": [str(number) for number in range(10)],
        "parts": {},
    }
    assert not user_cache.folder().exists()
    have_answer(monkeypatch, openml, REVERSED)
    fetch.main()
    assert np.load("data/raw/labels.npy").tolist() == list(range(9, -1, -1))


def test_what_was_fetched_is_brought_to_the_size_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    have_answer(monkeypatch, openml, RIGHT)
    write_params(size="14")
    fetch.main()
    assert "10 images of 14 x 14, grey" in capsys.readouterr().out
    assert np.load("data/raw/images.npy").shape == (10, 14, 14, 1)


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        *[(name, MNIST) for name in ("mnist_784", "mnist", "MNIST", 554)],
        *[(name, FASHION_MNIST) for name in ("Fashion-MNIST", "fashion_mnist", 40996)],
        ("mine", MINE),
        (61, Dataset(openml=61)),
    ],
)
def test_a_known_dataset_is_found_under_each_of_its_names(
    name: str | int, dataset: Dataset
) -> None:
    assert find(name) == dataset


def test_a_cache_folder_that_cannot_be_written_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "params.yaml"))
    have_answer(monkeypatch, openml, RIGHT)
    write_params()
    fetch.main()
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), PIXELS[..., np.newaxis])
    assert "cannot be written; the next run downloads the images again" in capsys.readouterr().out


def test_what_ends_within_its_limit_is_not_ended_later() -> None:
    with limited(0.05):
        pass
    time.sleep(0.1)


def test_when_no_source_answers_each_ones_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    have_answer(monkeypatch, openml, DEAD)
    have_answer(monkeypatch, pypi, StageError("not here"))
    write_params()
    with pytest.raises(StageError) as caught:
        fetch.main()
    assert str(caught.value) == "no source has tiny: openml: the line is dead; pypi: not here"
    assert not list(Path("data/raw").iterdir())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"sources": "[pypi, opnml]"},
            r"data\.sources: unknown source 'opnml'; did you mean 'openml'\?"
            r" \(valid: keras, openml, pypi\)",
        ),
        ({"sources": "[]"}, "data.sources is empty"),
        ({"path": "missing.npz"}, r"data\.path: 'missing\.npz' is not there; expected a folder "),
        (
            {"path": "params.yaml"},
            r"'params\.yaml' is something else; .* or an \.npz file, or null",
        ),
    ],
)
def test_wrong_settings_are_told_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(pypi, "fetch", lambda _: pytest.fail("it was asked"))
    write_params(**settings)
    with pytest.raises(StageError, match=message):
        fetch.main()
