"""Files written whole or not at all, with bytes that their content alone decides."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from stages.common.errors import StageError
from stages.common.files import read_array, read_json, replacing, write_array, write_csv, write_json

WRITERS: dict[str, Callable[[Path], None]] = {
    "json": lambda path: write_json(path, {"b": 1, "a": [0.1, None]}),
    "csv": lambda path: write_csv(path, ("a", "b"), [(1, 0.1)]),
    "npy": lambda path: write_array(path, np.arange(6, dtype=np.uint8).reshape(2, 3)),
}


def failing_rows() -> Iterator[tuple[int]]:
    yield (1,)
    raise RuntimeError("the rows stop here")


def unwritable_array(path: Path) -> None:
    write_array(path, np.array([object()]))


FAILURES: dict[str, Callable[[Path], None]] = {
    "json with NaN": lambda path: write_json(path, {"loss": float("nan")}),
    "json with infinity": lambda path: write_json(path, {"loss": float("-inf")}),
    "csv whose rows stop": lambda path: write_csv(path, ("a",), failing_rows()),
    "array of objects": unwritable_array,
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_same_content_gives_the_same_bytes(tmp_path: Path, writer: Callable[[Path], None]) -> None:
    first, second = tmp_path / "one", tmp_path / "new folder" / "two"
    writer(first)
    writer(second)
    assert first.read_bytes() == second.read_bytes()
    assert len(list(tmp_path.rglob("*"))) == 3, "the two files and the folder made for one"


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_failed_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, fail: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises((ValueError, RuntimeError)):
        fail(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def write_half(path: Path, interruption: type[BaseException]) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        assert path.read_text() == "old"
        raise interruption


@pytest.mark.parametrize(
    ("interruption", "told"), [(OSError, StageError), (KeyboardInterrupt, KeyboardInterrupt)]
)
def test_interrupted_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, interruption: type[BaseException], told: type[BaseException]
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(told):
        write_half(path, interruption)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        left_behind = temporary
    left_behind.write_text("a longer text, of which half was written")
    with replacing(path) as temporary:
        assert temporary == left_behind
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_temporary_path_is_beside_the_file_and_keeps_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with replacing(path) as temporary:
        temporary.write_text("")
        assert temporary.parent == tmp_path
        assert temporary.suffixes == [".weights", ".h5"]


def test_json_has_sorted_keys_and_ends_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"b": 0.1, "a": None})
    assert path.read_bytes() == b'{\n  "a": null,\n  "b": 0.1\n}\n'
    assert read_json(path) == {"a": None, "b": 0.1}


def test_csv_has_unix_line_ends_and_exact_floats(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    write_csv(path, ("a", "b"), [(1, 0.1), ("x,y", 1 / 3)])
    assert path.read_bytes() == b'a,b\n1,0.1\n"x,y",0.3333333333333333\n'


def test_array_comes_back_memory_mapped_and_read_only(tmp_path: Path) -> None:
    path = tmp_path / "file.npy"
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_array(path, array)
    back = read_array(path)
    assert isinstance(back, np.memmap)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, array)
    with pytest.raises(ValueError, match="read-only"):
        back[0] = 1


def test_order_of_an_array_in_memory_does_not_reach_the_file(tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.uint8).reshape(3, 4)
    write_array(tmp_path / "rows.npy", rows)
    write_array(tmp_path / "columns.npy", np.asfortranarray(rows))
    assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "columns.npy").read_bytes()
