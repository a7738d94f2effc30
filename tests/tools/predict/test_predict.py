"""What `make predict` reads, says and complains of."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages import processed
from tests.support.pipeline import TINY_MODELS, Project

pytest.importorskip("cv2", reason="no OpenCV here: make predict installs it")

from tools.predict.__main__ import main
from tools.predict.models import Form, seen_on

Said = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def said(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Said:
    """Return what runs the command and tells its exit code, its output and its error lines."""
    monkeypatch.chdir(tiny.folder)

    def run(*words: object) -> tuple[int, str, list[str]]:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err.splitlines()

    return run


def ones(path: Path, count: int) -> Path:
    """Write a picture of ones, each higher up than the one before, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((100, 50 * count), 255, np.uint8)
    for number in range(count):
        picture[20 - number : 80 - number, 50 * number + 20 : 50 * number + 30] = 0
    Image.fromarray(picture).save(path)
    return path


def test_files_give_what_evaluate_says_and_the_mean_as_the_vote(said: Said, tmp_path: Path) -> None:
    for number, image in enumerate(np.load(processed.FOLDER / "test" / "images.npy")):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{number:03}.png")
    told = json.loads(said(tmp_path, "--json")[1])
    predictions = {
        model: pd.DataFrame([one["predictions"][model] for one in told])
        for model in ("vote", *TINY_MODELS)
    }
    vote, *others = (pd.DataFrame([*mine["probabilities"]]) for mine in predictions.values())
    assert vote.to_numpy() == pytest.approx(np.mean(others, axis=0), abs=1e-6)
    assert [*predictions["vote"]["class"]] == [*vote.idxmax(axis=1)]
    for model in TINY_MODELS:
        evaluated = pd.read_csv(f"metrics/predictions/{model}.csv", dtype={"predicted": str})
        assert [*predictions[model]["class"]] == [*evaluated["predicted"]]
        confidence = [*predictions[model]["probability"]]
        assert confidence == pytest.approx([*evaluated["confidence"]], abs=1e-5)


def test_lines_and_the_table_say_the_same_as_json(said: Said, tmp_path: Path) -> None:
    picture = ones(tmp_path / "ones.png", 2)
    told = json.loads(said(picture, "--digits", "--json")[1])
    rows = [
        f"{picture},{one['part']},{','.join(map(str, one['box']))},"
        f"{model},{mine['class']},{mine['probability']:.6f}"
        for one in told
        for model, mine in one["predictions"].items()
    ]
    table = said(picture, "--digits", "--csv")[1]
    assert table.splitlines() == ["image,part,left,top,width,height,model,class,probability", *rows]
    assert [one["box"][0] for one in told] == [20, 70]
    lines = []
    for number, one in enumerate(told, 1):
        vote, first, second = (
            f"{mine['class']} ({100 * mine['probability']:.1f} %)"
            for mine in one["predictions"].values()
        )
        lines.append(f"{picture}, {number} of 2: {vote}; model1 {first}, model2 {second}")
    assert said(picture, "--digits") == (0, "\n".join([*lines, ""]), [])


def test_what_is_no_picture_or_has_no_digit_is_told_in_a_line_and_the_others_go_on(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that it takes no large picture to be above it, and none to be more than twice as large.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_000)
    unknown = "damaged, or not a PNG, JPEG, WebP, BMP, GIF, TIFF, AVIF or PPM file"
    bad = {
        "missing.png": "cannot be read (No such file or directory)",
        f"{256 * 'x'}.png": "cannot be read (File name too long)",
        "text.png": unknown,
        "folder": unknown,
        "vast.png": "far too many pixels; make it smaller first",
        "blank.png": "no digit found",
    }
    (tmp_path / "text.png").write_text("x")
    (tmp_path / "folder").mkdir()
    Image.new("L", (28, 28), 255).save(tmp_path / "blank.png")
    ones(tmp_path / "vast.png", 5)
    large, last = ones(tmp_path / "large.png", 3), ones(tmp_path / "last.png", 1)
    code, out, errors = said("--digits", large, *(tmp_path / name for name in bad), last)
    lines = [line.partition(": ")[0] for line in out.splitlines()]
    assert lines == [*(f"{large}, {number} of 3" for number in (1, 2, 3)), str(last)]
    assert code == 1
    assert errors == [f"error: {tmp_path / name}: {why}" for name, why in bad.items()]


def test_folders_are_looked_through_and_standard_input_is_read(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [ones(tmp_path / name, 1) for name in ("a.png", "deep/b.JPG", "deep/er/c.webp")]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(pictures[0].read_bytes())))
    lines = said(tmp_path, "-")[1].splitlines()
    assert [line.partition(": ")[0] for line in lines] == [*map(str, pictures), "-"]


def test_pictures_get_the_size_and_channels_that_the_models_take(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("RGB", (64, 32), (200, 100, 0)).save(path)
    (seen,) = seen_on(path, str(path), Form((32, 32, 3), digits=False))
    # As a whole, in the middle; above and below it is black.
    assert seen.image[16, 16].tolist() == [200, 100, 0]
    assert not seen.image[[*range(7), *range(25, 32)]].any()
    (seen,) = seen_on(path, str(path), Form((30, 20, 1), digits=False))
    assert seen.image[:, 10, 0].nonzero()[0].tolist() == [*range(10, 20)]
    (seen,) = seen_on(ones(path, 1), str(path), Form((56, 56, 3), digits=True))
    assert seen.image.shape == (56, 56, 3)
    assert (seen.image == seen.image[..., :1]).all()
