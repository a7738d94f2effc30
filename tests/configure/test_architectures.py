"""What the source of an architecture tells, and what is wrong with one that cannot be one."""

import shutil
from pathlib import Path

import pytest

from stages.common.errors import StageError
from stages.configure import architectures
from stages.configure.architectures import convolutions
from tests.support.settings import resolved, sections


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("FILTERS = (50, 50)", 2),
        ("FILTERS: tuple[int, ...] = (4, 8, 16)", 3),
        # Not told without running it.
        ("FILTERS = (4, 8) * 2", None),
        ("FILTERS: tuple[int, ...]", None),
        ("FILTERS = 4", None),
        ("DENSE = (4, 8)", None),
    ],
)
def test_convolutions_are_counted_where_the_source_says_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, count: int | None
) -> None:
    (tmp_path / "mine.py").write_text(f"import keras\n{source}\n")
    monkeypatch.setattr(architectures, "FOLDER", tmp_path)
    assert convolutions("mine") == count


WHOLE = b"FILTERS = (4, 8)\nDENSE = ()\ndef connect(x, filters, dense, classes):\n    return x\n"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (WHOLE + b"FILTERS = (4,\n", "line 5: not valid Python: .+"),
        (WHOLE + b"'\xff'\n", "line 5: not valid Python: .+"),
        (WHOLE.replace(b"connect", b"conect"), "no connect in it; .+ as model1.py"),
        (WHOLE.replace(b"FILTERS", b"SIZES"), "no FILTERS in it; .+ as model1.py"),
        (b"", "no connect and no FILTERS and no DENSE in it; .+ as model1.py"),
    ],
)
def test_what_is_no_architecture_is_told_though_its_model_sets_no_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: bytes, problem: str
) -> None:
    folder = tmp_path / "stages/architectures"
    shutil.copytree(architectures.FOLDER, folder)
    monkeypatch.setattr(architectures, "FOLDER", folder)
    (folder / "model1.py").write_bytes(WHOLE)
    # One that no model uses may be in the making.
    (folder / "model2.py").write_bytes(source)
    assert resolved(sections()).architecture == "model1"
    (folder / "model1.py").write_bytes(source)
    with pytest.raises(StageError, match=rf"^stages/architectures/model1\.py: {problem}$"):
        resolved(sections())
