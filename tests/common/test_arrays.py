"""Arrays larger than memory: written, read and gathered some rows at a time."""

from pathlib import Path

import numpy as np
import psutil
import pytest

from stages.common import arrays
from stages.common.arrays import chunks_of, gather, read_array, scoring_batches, write_rows
from stages.train.batches import epoch_order

ROWS = np.arange(24, dtype=np.float32).reshape(6, 4)


def test_chunks_become_the_file_of_numpy_which_is_mapped_and_read_only(tmp_path: Path) -> None:
    # The second chunk lies in memory by columns.
    chunks = [ROWS[:3], np.asfortranarray(ROWS[3:])]
    write_rows(tmp_path / "mine.npy", ROWS.shape[1:], ROWS.dtype, chunks)
    np.save(tmp_path / "numpys.npy", ROWS)
    assert (tmp_path / "mine.npy").read_bytes() == (tmp_path / "numpys.npy").read_bytes()
    back = read_array(tmp_path / "mine.npy")
    assert isinstance(back, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        back[0] = 1


@pytest.mark.parametrize(
    ("image", "rows"), [((28, 28, 1), 500), ((224, 224, 3), 6), ((2000, 2000, 3), 1)]
)
def test_the_larger_images_are_the_fewer_at_a_time(image: tuple[int, ...], rows: int) -> None:
    images = np.broadcast_to(np.uint8(0), (1001, *image))
    batches = [images[few] for few in scoring_batches(images)]
    assert len(batches[0]) == rows
    assert sum(map(len, batches)) == 1001


def resident(path: Path) -> int:
    """Return how many bytes of the mapped file *path* this process holds; skip where none tells."""
    if not hasattr(psutil.Process, "memory_maps"):
        pytest.skip("macOS tells no pages")
    return sum(each.rss for each in psutil.Process().memory_maps() if each.path == str(path))


def test_rows_hold_few_pages_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, held, release = tmp_path / "images.npy", [], arrays.release
    # 78 MB, of which nothing is on disk.
    np.lib.format.open_memmap(path, "w+", np.uint8, (100_000, 28, 28, 1))
    images = read_array(path)

    def noting(array: np.ndarray) -> None:
        held.append(resident(path))
        release(array)

    monkeypatch.setattr(arrays, "release", noting)
    scattered = epoch_order(len(images), seed=0, epoch=0)[:2000]
    assert gather(images, scattered).shape == (2000, 28, 28, 1)
    assert len(held) == 20
    assert sum(len(chunk) for chunk in chunks_of(images) if not chunk.any()) == len(images)
    assert len(held) == 20 + 19
    assert 0 < max(held) < 10_000_000
    assert resident(path) == 0
