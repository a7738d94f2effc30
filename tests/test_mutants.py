"""The list of planted faults fits the code, and a fault that no test notices is told."""

from pathlib import Path

import pytest

from stages.common.errors import StageError
from tests import ROOT
from tools.mutants import MUTANTS, Mutant, is_noticed, main, planted

FILE = Mutant("mine.py", "one == 1", "one != 1", "test_mine.py")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with one line of code, a test of it and one of nothing."""
    (tmp_path / "mine.py").write_text("def holds(one): return one == 1\n")
    test = "from mine import holds\ndef test_mine(): assert holds(1)\n"
    (tmp_path / "test_mine.py").write_text(test)
    (tmp_path / "test_other.py").write_text("def test_other(): pass\n")
    return tmp_path


def test_every_text_to_change_stands_once_and_changes() -> None:
    for mutant in MUTANTS:
        assert planted(mutant) != (ROOT / mutant.file).read_text(encoding="utf-8")
        assert (ROOT / mutant.test).is_file(), mutant.test


@pytest.mark.parametrize(("code", "count"), [("", 0), ("one == 1; one == 1", 2)])
def test_a_text_that_does_not_stand_once_is_named(project: Path, code: str, count: int) -> None:
    (project / "mine.py").write_text(code)
    told = rf"^tools/mutants\.py: 'one == 1' stands {count} times in mine\.py, not once$"
    with pytest.raises(StageError, match=told):
        planted(FILE, project)


def test_a_fault_is_killed_survives_or_is_explained_and_taken_out_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (project / "mine.py").read_text()
    unseen = FILE._replace(test="test_other.py")
    noticed = [is_noticed(project, one) for one in (FILE, unseen, unseen._replace(why="a reason"))]
    assert noticed == [True, False, True]
    told = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert told == ["killed", "SURVIVED", "survives (a reason)"]
    assert (project / "mine.py").read_text() == before


def test_a_test_that_is_not_there_or_does_not_run_is_no_kill(project: Path) -> None:
    for mutant in (FILE._replace(test="test_absent.py"), FILE._replace(new="one ==")):
        with pytest.raises(StageError, match=r"^test_.+\.py: pytest ends with \d for 'one"):
            is_noticed(project, mutant)


def test_a_name_of_no_listed_file_is_told() -> None:
    with pytest.raises(StageError, match=r"^no fault is listed for a file with 'absent' in its"):
        main("absent")
