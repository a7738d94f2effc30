"""What `make predict` reads, says and complains of."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages import processed
from tests.support import pipeline
from tests.support.pipeline import Project

pytest.importorskip("cv2", reason="no OpenCV here: make predict installs it")

from stages.common.errors import StageError
from tools.predict import __main__ as command
from tools.predict.models import Models
from tools.predict.pictures import Form, Seen, seen_on, sources

DIGITS = Form((28, 28, 1), digits=True)
GREY, COLOUR = Form((28, 28, 1), digits=False), Form((32, 32, 3), digits=False)


class Stub:
    """Stands for two models: one sees how bright an image is, the other says 0."""

    form = GREY
    classes = ("dark", "light, bright")

    def probabilities(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the vote and what both say."""
        bright = images.reshape(len(images), -1).mean(axis=1) / 255
        first = np.stack([1 - bright, bright], axis=1)
        second = np.tile([1.0, 0.0], (len(images), 1))
        return {"vote": (first + second) / 2, "a": first, "b": second}


@pytest.fixture
def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, list[str]]]:
    """Return what runs the command and tells its exit code, its output and its error lines."""
    monkeypatch.setattr(command, "Models", Stub)

    def run(*words: object) -> tuple[int, str, list[str]]:
        code = command.main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err.splitlines()

    return run


def plain(path: Path, value: int, size: tuple[int, int] = (28, 28)) -> Path:
    """Write a picture of one grey and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)
    return path


def test_a_line_has_the_vote_then_each_model(tmp_path: Path, said: Callable[..., object]) -> None:
    light = plain(tmp_path / "light.png", 204)
    # 0.8 of it is bright: the vote is the mean of 0.2 and 1, and of 0.8 and 0.
    line = f"{light}: dark (60.0 %); a light, bright (80.0 %), b dark (100.0 %)\n"
    assert said(light) == (0, line, [])


def test_csv_has_a_row_for_each_model_and_json_every_class(
    tmp_path: Path, said: Callable[..., tuple[int, str, list[str]]]
) -> None:
    light = plain(tmp_path / "light.png", 204)
    rows = list(csv.DictReader(io.StringIO(said(light, "--csv")[1])))
    assert [(row["model"], row["class"], float(row["probability"])) for row in rows] == [
        ("vote", "dark", 0.6),
        ("a", "light, bright", 0.8),
        ("b", "dark", 1.0),
    ]
    (told,) = json.loads(said(light, "--json")[1])
    assert (told["image"], told["part"], told["box"]) == (str(light), 1, None)
    probabilities = told["predictions"]["vote"]["probabilities"]
    assert probabilities == pytest.approx({"dark": 0.6, "light, bright": 0.4})


def test_a_folder_is_looked_through_and_what_is_no_picture_left_out(
    tmp_path: Path, said: Callable[..., tuple[int, str, list[str]]]
) -> None:
    names = ["a.png", "deep/b.JPG", "deep/er/c.webp"]
    for name in names:
        plain(tmp_path / name, 0)
    (tmp_path / "notes.txt").write_text("no picture")
    lines = said(tmp_path)[1].splitlines()
    assert [line.partition(": ")[0] for line in lines] == [str(tmp_path / name) for name in names]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = plain(tmp_path / "a.png", 0).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    ((name, source),) = sources(["-"])
    assert seen_on(source, name, GREY)[0].image.shape == (28, 28, 1)


def jpeg(path: Path) -> None:
    Image.new("L", (300, 300), 9).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:400])


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "cannot be read (No such file or directory)"),
    "empty": (lambda path: path.touch(), "damaged, or no PNG, JPEG, WebP or BMP file"),
    "text": (lambda path: path.write_text("x"), "damaged, or no PNG, JPEG, WebP or BMP file"),
    "cut": (jpeg, "damaged or cut short ("),
    "folder": (Path.mkdir, "no picture in this folder; .bmp, .jpeg, .jpg, .png, .webp count"),
    "huge": (
        lambda path: Image.new("1", (10_000, 10_000)).save(path),
        "10000 x 10000 pixels; at most 60,000,000 in all are taken",
    ),
    "vast": (
        lambda path: Image.new("1", (20_000, 10_000)).save(path),
        "far too many pixels; make it smaller first",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_told_in_one_line_and_the_others_go_on(
    tmp_path: Path, said: Callable[..., tuple[int, str, list[str]]], kind: str
) -> None:
    make, why = BAD[kind]
    bad = tmp_path / "bad.png"
    make(bad)
    first, last = plain(tmp_path / "1.png", 0), plain(tmp_path / "2.png", 0)
    code, out, errors = said(first, bad, last)
    assert [line.partition(": ")[0] for line in out.splitlines()] == [str(first), str(last)]
    (error,) = errors
    assert code == 1
    assert error.startswith(f"error: {bad}: {why}")


@pytest.mark.parametrize("size", [(1, 1), (300, 200)])
def test_a_picture_without_a_digit_is_told(tmp_path: Path, size: tuple[int, int]) -> None:
    blank = plain(tmp_path / "blank.png", 255, size)
    with pytest.raises(StageError) as caught:
        seen_on(blank, str(blank), DIGITS)
    assert str(caught.value) == f"{blank}: no digit to be seen"


def test_other_data_than_digits_is_resized_as_in_training(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGB", (64, 32), (200, 100, 0)).save(path)
    (seen,) = seen_on(path, str(path), COLOUR)
    # As a whole, in the middle; above and below it is black.
    assert seen.image.shape == (32, 32, 3)
    assert seen.image[16, 16].tolist() == [200, 100, 0]
    assert not seen.image[:7].any()
    assert not seen.image[25:].any()


def test_models_of_images_that_are_not_square_take_no_others(tmp_path: Path) -> None:
    path = plain(tmp_path / "a.png", 0, (28, 28))
    with pytest.raises(StageError, match="28 x 28 pixels; the models take images of 20 x 30, grey"):
        seen_on(path, str(path), Form((30, 20, 1), digits=False))


def one_on(path: Path, form: Form) -> list[Seen]:
    """Write a picture of a 1 to *path*, and return what models of this *form* see of it."""
    picture = np.full((100, 100), 255, np.uint8)
    picture[20:80, 45:55] = 0
    Image.fromarray(picture).save(path)
    return seen_on(path, str(path), form)


def test_digits_of_models_trained_on_larger_images_are_enlarged(tmp_path: Path) -> None:
    (seen,) = one_on(tmp_path / "one.png", Form((56, 56, 1), digits=True))
    assert np.flatnonzero(seen.image[..., 0].max(axis=1) > 127).size == pytest.approx(40, abs=1)


def test_digits_are_grey_in_each_channel_of_colour(tmp_path: Path) -> None:
    (seen,) = one_on(tmp_path / "one.png", Form((32, 32, 3), digits=True))
    assert seen.image.shape == (32, 32, 3)
    assert seen.image.max() > 200
    assert (seen.image == seen.image[..., :1]).all()


def test_a_model_called_as_the_vote_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.params.read", lambda: {"models": {"vote": {}}})
    with pytest.raises(StageError, match=r"params\.yaml: models: a model called 'vote'; rename it"):
        Models()


def test_a_name_that_is_too_long_is_told(said: Callable[..., tuple[int, str, list[str]]]) -> None:
    name = 300 * "a"
    assert said(name) == (1, "", [f"error: {name}: cannot be read (File name too long)"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose models are trained."""
    return pipeline.finished(tmp_path_factory)


def test_test_images_as_files_give_what_evaluate_says(finished: Project, tmp_path: Path) -> None:
    images = np.load(finished.folder / processed.FOLDER / "test" / "images.npy")
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{number:03}.png")
    words = [sys.executable, "-m", "tools.predict", str(tmp_path), "--csv"]
    done = subprocess.run(
        words, cwd=finished.folder, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stderr == ""
    told = pd.read_csv(io.StringIO(done.stdout), dtype={"class": str})
    for model in pipeline.MODELS:
        path = finished.folder / f"metrics/predictions/{model}.csv"
        evaluated = pd.read_csv(path, dtype={"predicted": str})
        mine = told[told["model"] == model]
        assert list(mine["class"]) == list(evaluated["predicted"])
        assert list(mine["probability"]) == pytest.approx(list(evaluated["confidence"]), abs=1e-5)


def test_without_models_it_is_told_what_makes_them(finished: Project, tmp_path: Path) -> None:
    clone = finished.git_clone(tmp_path / "fresh")
    words = [sys.executable, "-m", "tools.predict", "x.png"]
    done = subprocess.run(
        words, cwd=clone.folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: data/processed/test/images.npy: not there; `dvc repro` writes it\n"
    )
