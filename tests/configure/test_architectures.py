"""What the source of an architecture tells, and what is wrong with one that cannot be one."""

from pathlib import Path

import pytest

from stages.common.errors import StageError
from stages.configure import architectures
from stages.configure.architectures import convolutions
from tests.support.settings import resolved


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the place of the one architecture that is in use, in an empty folder."""
    monkeypatch.setattr(architectures, "FOLDER", tmp_path / "stages/architectures")
    architectures.FOLDER.mkdir(parents=True)
    return architectures.FOLDER / "model1.py"


def test_convolutions_are_counted_where_the_source_says_them(source: Path) -> None:
    counts: dict[str, int | None] = {"FILTERS = (50, 50)": 2, "FILTERS: tuple = (4, 8, 16)": 3}
    # Not told without running it.
    counts |= {"FILTERS = (4, 8) * 2": None, "DENSE = (4, 8)": None}
    for content, count in counts.items():
        source.write_text(f"import keras\n{content}\n")
        assert convolutions("model1") == count


WHOLE = b"FILTERS = (4, 8)\nDENSE = ()\ndef connect(x, filters, dense, classes):\n    return x\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (WHOLE + b"FILTERS = (4,\n", "line 5: not valid Python: .+"),
        (WHOLE + b"'\xff'\n", "line 5: not valid Python: .+"),
        (WHOLE.replace(b"connect", b"conect"), "no connect in it; .+ like model1.py"),
        (
            b"from stages.architectures import model2\n" + WHOLE,
            "imports stages.architectures, of .+",
        ),
        (b"import keras, stages.backend as one\n" + WHOLE, "imports stages.backend, of .+"),
        (b"from .model2 import connect\n" + WHOLE, "imports a file beside it, of .+"),
        (b"import mine\n" + WHOLE, "imports mine, of which DVC would not notice a change; put .+"),
        (b"", "no connect and no FILTERS and no DENSE in it; .+ like model1.py"),
    ],
)
def test_what_is_no_architecture_is_told(source: Path, content: bytes, problem: str) -> None:
    source.write_bytes(WHOLE)
    (source.parents[2] / "mine.py").touch()
    resolved({})
    source.write_bytes(content)
    with pytest.raises(StageError, match=rf"^stages/architectures/model1\.py: {problem}$"):
        resolved({})


def test_every_name_that_python_imports_is_found_and_no_private_one(source: Path) -> None:
    for name in ("ResNet", "__init__", "_shared"):
        source.with_name(f"{name}.py").write_bytes(WHOLE)
    assert architectures.names() == ["ResNet"]
