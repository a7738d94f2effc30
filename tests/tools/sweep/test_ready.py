"""What is wrong is told in one line, before anything starts."""

from collections.abc import Callable

import pytest

from tests.support.pipeline import Project, clone, environment

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from stages.common.errors import StageError
from tools.sweep import __main__ as command
from tools.sweep import ready

Refused = Callable[..., str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("ready") / "project")


@pytest.fixture
def refused(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Refused:
    """Return what runs a sweep and gives the one line that it ends with."""
    monkeypatch.chdir(project.folder)
    for name, value in environment(project.folder.parent).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray has started"))
    monkeypatch.setattr("ray.shutdown", lambda: None)

    def refuse(*words: str) -> str:
        assert command.main(words) == 1
        printed = capsys.readouterr()
        assert not printed.out
        (line,) = printed.err.splitlines()
        return str(line)

    return refuse


CLUSTER = "--address ray://127.0.0.1:9"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--set train.sede=1", "error: SET: train.sede=1: Could not override"),
        ("--set train.seed=1 --cores 0", "error: --cores: 0: should be 1 or more"),
        ("--search a=1,2 --trials 0", "error: --trials: 0: should be 1 or more"),
        ("--set train.seed=1,2 --search train.epochs=1,2", "error: SET: several values for one"),
        ("--search data.limit=1,2", "error: SEARCH: data.limit: accuracies on other images do not"),
        ("--search train.epochs=1,2", "error: split.validation_fraction is 0, so the search would"),
        (CLUSTER, "error: --address: nodes get the project from a Git remote"),
        (f"{CLUSTER} --git .", "error: --address: nodes share by a DVC remote"),
        (f"{CLUSTER} --git /none --remote /none", "error: --git: /none does not give the commit"),
        # It is tried whether anyone is there, since Ray itself would wait for a minute.
        (
            f"{CLUSTER} --git . --remote /none",
            "error: --address: ray://127.0.0.1:9: no Ray cluster answers (",
        ),
    ],
)
def test_what_is_asked_for_cannot_be(refused: Refused, words: str, line: str) -> None:
    assert refused(*words.split()).startswith(line)


def test_changes_that_no_trial_would_see_are_refused(refused: Refused, project: Project) -> None:
    notes = project.folder / "notes.txt"
    notes.touch()
    line = refused("--set", "train.seed=1")
    notes.unlink()
    assert line == "error: uncommitted changes: no trial would see them; commit or stash them"


def test_nobody_commits(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_NAME")
        monkeypatch.delenv(f"GIT_{who}_EMAIL")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    assert refused("--set", "train.seed=1").startswith("error: Git does not know who you are")


def test_more_cores_than_there_are_and_nodes_that_differ_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(*words: str, nodes: list[int]) -> int:
        found = [{"Alive": True, "Resources": {"CPU": count}} for count in nodes]
        gone = {"Alive": False, "Resources": {"CPU": 64.0}}
        headless = {"Alive": True, "Resources": {"memory": 1.0}}
        monkeypatch.setattr("ray.nodes", lambda: [gone, headless, *found])
        return ready.cores_of(command.parser().parse_args(words))

    assert asked(nodes=[4, 4]) == 4
    assert asked("--cores", "3", nodes=[2, 4]) == 3
    with pytest.raises(StageError, match="--cores: 5 are more than there are; take at most 4"):
        asked("--cores", "5", nodes=[2, 4])
    with pytest.raises(StageError, match=r"nodes have 2 to 4, .*: --cores 2"):
        asked(nodes=[2, 4])
    with pytest.raises(StageError, match="no node of the cluster has cores"):
        asked(nodes=[])
