"""What `make predict` reads, says and complains of."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages import processed
from stages.common.errors import StageError
from tests.support import pipeline

pytest.importorskip("cv2", reason="no OpenCV here: make predict installs it")

from tools.predict import __main__ as command
from tools.predict.models import Models
from tools.predict.pictures import Form, seen_on

Said = Callable[..., tuple[int, str, list[str]]]


class Stub(Models):
    """Two models: one sees how bright an image is, the other says "dark"."""

    def __init__(self) -> None:
        self.form, self.classes = Form((28, 28, 1), digits=False), ["dark", "light, bright"]

    def probabilities(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the vote and what both say."""
        bright = images.reshape(len(images), -1).mean(axis=1) / 255
        first = np.stack([1 - bright, bright], axis=1)
        second = np.tile([1.0, 0.0], (len(images), 1))
        return {"vote": (first + second) / 2, "a": first, "b": second}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Return what runs the command and tells its exit code, its output and its error lines."""
    monkeypatch.setattr(command, "Models", Stub)

    def run(*words: object) -> tuple[int, str, list[str]]:
        code = command.main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err.splitlines()

    return run


def plain(path: Path, value: int) -> Path:
    """Write a picture of one grey and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (28, 28), value).save(path)
    return path


def ones(path: Path, count: int) -> Path:
    """Write a picture of ones, each higher up than the one before, and return its path."""
    picture = np.full((100, 50 * count), 255, np.uint8)
    for number in range(count):
        picture[20 - number : 80 - number, 50 * number + 20 : 50 * number + 30] = 0
    Image.fromarray(picture).save(path)
    return path


def test_a_line_or_a_table_has_the_vote_then_each_model(tmp_path: Path, said: Said) -> None:
    light = plain(tmp_path / "light.png", 204)
    # 0.8 of it is bright: the vote is the mean of 0.2 and 1, and of 0.8 and 0.
    line = f"{light}: dark (60.0 %); a light, bright (80.0 %), b dark (100.0 %)\n"
    assert said(light) == (0, line, [])
    rows = list(csv.reader(io.StringIO(said(light, "--csv")[1])))
    assert rows == [
        [*("image", "part", "left", "top", "width", "height"), "model", "class", "probability"],
        [str(light), "1", *4 * [""], "vote", "dark", "0.600000"],
        [str(light), "1", *4 * [""], "a", "light, bright", "0.800000"],
        [str(light), "1", *4 * [""], "b", "dark", "1.000000"],
    ]


def test_what_is_no_picture_or_has_no_digit_is_told_in_a_line_and_the_others_go_on(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that it takes no large picture to be above it, and none to be more than twice as large.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 12_000)
    unknown = "damaged, or no PNG, JPEG, WebP or BMP file"
    bad = {
        "missing.png": "cannot be read (No such file or directory)",
        f"{256 * 'x'}.png": "cannot be read (File name too long)",
        "text.png": unknown,
        "folder": unknown,
        "vast.png": "far too many pixels; make it smaller first",
        "blank.png": "no digit to be seen",
    }
    (tmp_path / "text.png").write_text("x")
    (tmp_path / "folder").mkdir()
    plain(tmp_path / "blank.png", 255)
    ones(tmp_path / "vast.png", 5)
    large, last = ones(tmp_path / "large.png", 3), ones(tmp_path / "last.png", 1)
    code, out, errors = said("--digits", large, *(tmp_path / name for name in bad), last)
    lines = [line.partition(": ")[0] for line in out.splitlines()]
    assert lines == [*(f"{large}, {number} of 3" for number in (1, 2, 3)), str(last)]
    assert code == 1
    assert errors == [f"error: {tmp_path / name}: {why}" for name, why in bad.items()]
    table = pd.read_csv(io.StringIO(said("--digits", "--csv", large)[1]))
    assert [*table["left"]] == [20, 20, 20, 70, 70, 70, 120, 120, 120]


def test_folders_are_looked_through_and_standard_input_is_read(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [plain(tmp_path / name, 0) for name in ("a.png", "deep/b.JPG", "deep/er/c.webp")]
    (tmp_path / "notes.txt").write_text("no picture")
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
    with pytest.raises(StageError, match="64 x 32 pixels; the models take images of 20 x 30, grey"):
        seen_on(path, str(path), Form((30, 20, 1), digits=False))
    (seen,) = seen_on(ones(path, 1), str(path), Form((56, 56, 3), digits=True))
    assert seen.image.shape == (56, 56, 3)
    assert (seen.image == seen.image[..., :1]).all()


def test_a_model_called_as_the_vote_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("models: {vote: {}}")
    with pytest.raises(SystemExit) as caught:
        command.main(["x.png"])
    assert caught.value.code == "error: params.yaml: models: a model called 'vote'; rename it"


def test_test_images_as_files_give_what_evaluate_says_and_the_mean_as_the_vote(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    project = pipeline.tiny(tmp_path_factory)
    images = np.load(project.folder / processed.FOLDER / "test" / "images.npy")
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{number:03}.png")
    told = json.loads(project.output("python", "-m", "tools.predict", str(tmp_path), "--json"))
    predictions = {
        model: pd.DataFrame([one["predictions"][model] for one in told])
        for model in ("vote", *pipeline.TINY_MODELS)
    }
    vote, *others = (
        np.array([[*row.values()] for row in mine["probabilities"]])
        for mine in predictions.values()
    )
    assert vote == pytest.approx(np.mean(others, axis=0), abs=1e-6)
    assert [*predictions["vote"]["class"].astype(int)] == [*vote.argmax(axis=1)]
    for model in pipeline.TINY_MODELS:
        path = project.folder / f"metrics/predictions/{model}.csv"
        evaluated = pd.read_csv(path, dtype={"predicted": str})
        assert [*predictions[model]["class"]] == [*evaluated["predicted"]]
        confidence = [*predictions[model]["probability"]]
        assert confidence == pytest.approx([*evaluated["confidence"]], abs=1e-5)
