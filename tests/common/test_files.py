"""Files written whole or not at all, with bytes that their content alone decides."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from stages.common.arrays import read_array, write_array
from stages.common.errors import StageError
from stages.common.files import read_json, replacing, write_csv, write_json


def failing_rows() -> Iterator[tuple[int]]:
    yield (1,)
    raise RuntimeError("the rows stop here")


def stopping(path: Path, error: type[BaseException]) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        assert path.read_text() == "old"
        raise error


FAILURES: dict[str, tuple[type[BaseException], Callable[[Path], None]]] = {
    "json with NaN": (ValueError, lambda path: write_json(path, {"loss": float("nan")})),
    "json with infinity": (ValueError, lambda path: write_json(path, {"loss": float("-inf")})),
    "csv whose rows stop": (RuntimeError, lambda path: write_csv(path, ("a",), failing_rows())),
    "array of objects": (ValueError, lambda path: write_array(path, np.array([object()]))),
    "refused": (StageError, lambda path: stopping(path, OSError)),
    "interrupted": (KeyboardInterrupt, lambda path: stopping(path, KeyboardInterrupt)),
}


@pytest.mark.parametrize(("error", "fail"), FAILURES.values(), ids=FAILURES)
def test_failed_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException], fail: Callable[[Path], None]
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error):
        fail(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        left_behind = temporary
    # Keras goes by the ending.
    assert left_behind.suffixes == [".weights", ".h5"]
    left_behind.write_text("a longer text, of which half was written")
    with replacing(path) as temporary:
        assert temporary == left_behind
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_json_has_sorted_keys_and_ends_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "new folder/file.json"
    write_json(path, {"b": 0.1, "a": None})
    assert path.read_bytes() == b'{\n  "a": null,\n  "b": 0.1\n}\n'
    assert read_json(path) == {"a": None, "b": 0.1}


def test_csv_has_unix_line_ends_and_exact_floats(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    write_csv(path, ("a", "b"), [(1, 0.1), ("x,y", 1 / 3)])
    assert path.read_bytes() == b'a,b\n1,0.1\n"x,y",0.3333333333333333\n'


@pytest.mark.parametrize("read", [read_json, read_array])
@pytest.mark.parametrize("content", [b"", b"half of it", b"\xff\x00"])
def test_a_damaged_file_is_told_with_how_to_mend_it(
    tmp_path: Path, read: Callable[[Path], object], content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    told = r"file: damaged; `make verify` takes it away and brings it back$"
    with pytest.raises(StageError, match=told):
        read(tmp_path / "file")


@pytest.mark.parametrize("read", [read_json, read_array])
def test_a_missing_file_is_told_with_what_writes_it(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    with pytest.raises(StageError, match=r"file: not there; `dvc repro` writes it$"):
        read(tmp_path / "file")
