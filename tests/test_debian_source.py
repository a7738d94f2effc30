"""The source of Debian's packages: their files made by hand, then those that are installed here."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.fetch import sources
from stages.fetch.known import find
from stages.fetch.sources import debian
from tests.handmade import digits, idx_bytes


def test_a_package_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(debian, "FOLDER", tmp_path)
    with pytest.raises(StageError, match=r"^`apt install dataset-fashion-mnist` would bring it$"):
        debian.fetch(find("fashion_mnist"))


@pytest.mark.parametrize("name", ["mnist", "cifar10", 61])
def test_a_dataset_that_debian_has_no_package_of_is_told(name: str | int) -> None:
    with pytest.raises(StageError, match=r"^has no such dataset$"):
        debian.fetch(find(name))


def test_training_images_come_before_test_images(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(debian, "FOLDER", tmp_path)
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    train, test = digits(9, 0, 3), digits(3, 9)
    for part, (pixels, labels) in {"train": train, "t10k": test}.items():
        for kind, values in (("images-idx3", pixels), ("labels-idx1", labels)):
            (folder / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(idx_bytes(values)))
    data = debian.fetch(find("Fashion-MNIST"))
    # Read once the files it was unpacked to are gone.
    images = np.concatenate(list(data.chunks()))
    np.testing.assert_array_equal(images[..., 0], [*train[0], *test[0]])
    assert [data.classes[label] for label in data.labels] == ["9", "0", "3", "3", "9"]


def test_the_installed_files_have_the_known_checksums(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Where nothing has been kept.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if not (debian.FOLDER / "fashion-mnist").is_dir():
        pytest.skip("dataset-fashion-mnist is not installed")
    data = sources.fetch("Fashion-MNIST", ["debian"])
    assert (data.image, data.parts) == ((28, 28, 1), {"train": 60_000, "test": 10_000})
    # The first labels of the training and of the test images.
    names = [data.classes[label] for label in [*data.labels[:3], *data.labels[60_000:60_003]]]
    expected = ["Ankle boot", "T-shirt/top", "T-shirt/top", "Ankle boot", "Pullover", "Trouser"]
    assert names == expected
