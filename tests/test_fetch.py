"""The fetch stage: which source is asked when, what is verified, what is written and said."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import __main__ as fetch
from stages.fetch import sources
from stages.fetch.images import LabelledImages, absent_classes, checked
from stages.fetch.known import KNOWN, KnownDataset, Package, verify
from tests.handmade import MEMBER, digits, idx_bytes

ROOT = Path(__file__).resolve().parent.parent
IMAGES, LABELS = digits(*range(10))
PARAMS = "data: {{dataset: {dataset}, sources: [{sources}], path: {path}, limit: null}}\n"

Params = Callable[..., None]


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


TINY = KnownDataset(
    "tiny", 1, Package("tiny", "1.0", "", MEMBER), 10, sha256(IMAGES), sha256(LABELS)
)

# Sources as files, since adding a source is adding a file.
SOURCES = {
    "good": "return data(range(10))",
    "down": "raise StageError('the line is dead')",
    "fewer": "return data(range(9))",
    "other": "return data([0, 1, 2, 3, 4, 5, 6, 7, 9, 8])",
    "relabelled": "return LabelledImages(data(range(10)).images, data([0] * 10).labels)",
}
SOURCE = """\
from stages.fetch.images import LabelledImages
from stages.common.errors import StageError
from tests.handmade import digits


def data(labels):
    images, numbers = digits(*labels)
    return LabelledImages(images.reshape(-1, 784), numbers)


def fetch(dataset):
    print('{name} was asked for', dataset.openml_name)
    {body}
"""


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Params:
    """Stand in an empty project that knows the dataset ``tiny`` and the sources above.

    Gives the function that writes its params.yaml.
    """
    folder = tmp_path / "sources"
    folder.mkdir()
    for name, body in SOURCES.items():
        (folder / f"{name}.py").write_text(SOURCE.format(name=name, body=body))
        # Put back afterwards, so that the next test imports its own file.
        monkeypatch.delitem(sys.modules, f"{sources.__name__}.{name}", raising=False)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(folder)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setitem(KNOWN, "tiny", TINY)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)

    def write(order: str = "good", dataset: str = "tiny", path: str = "null") -> None:
        text = PARAMS.format(dataset=dataset, sources=order, path=path)
        (project / "params.yaml").write_text(text)

    return write


def written() -> list[str]:
    return sorted(str(path) for path in Path("data").rglob("*") if path.is_file())


def test_the_first_source_that_answers_is_written(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    params("down, good, other")
    fetch.main()
    assert written() == ["data/raw/images.npy", "data/raw/labels.npy"]
    images, labels = np.load("data/raw/images.npy"), np.load("data/raw/labels.npy")
    np.testing.assert_array_equal(images, IMAGES.reshape(10, 784))
    assert labels.tolist() == list(range(10))
    assert images.dtype == labels.dtype == np.uint8
    assert capsys.readouterr().out.splitlines() == [
        "down was asked for tiny",
        "down: the line is dead",
        "good was asked for tiny",
        "images (10, 784) uint8",
        "labels (10,) uint8",
    ]


def test_every_source_in_any_order_gives_the_same_bytes(params: Params) -> None:
    contents = set()
    for order in ("good", "down, good", "fewer, good, down"):
        params(order)
        fetch.main()
        contents.add(tuple(Path(file).read_bytes() for file in written()))
    assert len(contents) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fewer", "sent 9 images, expected 10"),
        ("other", f"sent images with SHA-256 .{{64}}, expected {sha256(IMAGES)}"),
        ("relabelled", f"sent labels with SHA-256 .{{64}}, expected {sha256(LABELS)}"),
    ],
)
def test_a_source_with_other_images_is_passed_over(
    params: Params, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    params(f"{name}, good")
    fetch.main()
    assert capsys.readouterr().out.splitlines()[1].startswith(f"{name}: sent ")
    params(name)
    with pytest.raises(StageError, match=f"^no source has tiny: {name}: {reason}$"):
        fetch.main()


def test_when_no_source_answers_each_ones_reason_is_told(params: Params) -> None:
    params("down, fewer")
    with pytest.raises(StageError) as caught:
        fetch.main()
    assert str(caught.value) == (
        "no source has tiny: down: the line is dead; fewer: sent 9 images, expected 10"
    )
    assert written() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"order": "good, goood"}, r"sources: unknown source 'goood'; did you mean 'good'\?"),
        ({"order": "good, nowhere"}, r"'nowhere'.* \(valid: .*openml, other, pypi"),
        ({"order": ""}, r"sources: no source; name some of .*openml"),
        ({"dataset": "mnist_78"}, r"dataset: unknown dataset 'mnist_78'; did you mean 'mnist_784'"),
    ],
)
def test_wrong_names_are_told_before_anything_is_fetched(
    params: Params, capsys: pytest.CaptureFixture[str], settings: dict[str, str], message: str
) -> None:
    params(**settings)
    with pytest.raises(StageError, match=message):
        fetch.main()
    assert capsys.readouterr().out == ""


def test_a_path_is_read_in_place_of_the_sources(
    params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez("my.npz", images=IMAGES[:8], labels=LABELS[:8])
    params("nowhere", path="my.npz")
    fetch.main()
    assert np.load("data/raw/labels.npy").tolist() == list(range(8))
    assert capsys.readouterr().out.splitlines() == [
        "warning: no image of 8, 9",
        "images (8, 784) uint8",
        "labels (8,) uint8",
    ]


def test_a_path_may_be_a_folder_of_idx_files(params: Params) -> None:
    folder = Path("mine")
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS))
    params(path="mine")
    fetch.main()
    np.testing.assert_array_equal(np.load("data/raw/images.npy"), IMAGES.reshape(10, 784))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.npz", "'missing.npz' is not there; expected a folder of IDX files or"),
        ("''", "'' is not there"),
        ("params.yaml", "'params.yaml' is neither a folder of IDX files nor an .npz file"),
        (".", "no file train-images-idx3-ubyte"),
    ],
)
def test_a_wrong_path_is_told(params: Params, path: str, message: str) -> None:
    params(path=path)
    with pytest.raises(StageError) as caught:
        fetch.main()
    assert message in str(caught.value)
    assert written() == []


def test_absent_classes_are_those_without_a_label() -> None:
    assert absent_classes(np.array([0, 1, 1, 9], np.uint8)) == [2, 3, 4, 5, 6, 7, 8]
    assert absent_classes(np.arange(10, dtype=np.uint8)) == []


def test_only_unsigned_bytes_of_the_right_shape_pass_the_check() -> None:
    flat = IMAGES.reshape(10, 784)
    for images, labels in ((IMAGES, LABELS), (flat / 255, LABELS), (flat, LABELS.astype(int))):
        with pytest.raises(StageError, match=r"here: expected .* uint8, got \("):
            checked(images, labels, "here")


def test_the_checksums_do_not_depend_on_the_memory_layout() -> None:
    verify(LabelledImages(np.asfortranarray(IMAGES.reshape(10, 784)), LABELS), TINY)


def test_the_command_loads_neither_tensorflow_nor_scikit_learn(
    params: Params, tmp_path: Path
) -> None:
    np.savez("my.npz", images=IMAGES, labels=LABELS)
    params(path="my.npz")
    code = "import sys, stages.fetch; stages.fetch.main(); print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = result.stdout.split()
    assert "stages.fetch.npz" in loaded
    assert not {"tensorflow", "keras", "sklearn", "scipy", "pandas"}.intersection(loaded)


def test_the_command_ends_with_one_line_and_exit_code_1(params: Params) -> None:
    params(path="missing.npz")
    result = subprocess.run(
        [sys.executable, "-m", "stages.fetch"],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: params.yaml: data.path: 'missing.npz' is not there")
