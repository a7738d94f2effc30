"""What is wrong is told in one line, before anything starts."""

import pytest

from tests.support.pipeline import Project, clone, environment

pytest.importorskip("ray", reason="not installed: make .venv/.sweep")

from stages.common.errors import StageError
from tools.sweep import __main__ as command
from tools.sweep import ready

SEED = "--set train.seed=1"
CLUSTER = "--address ray://127.0.0.1:9"
# What is no setting, and what a search cannot choose from.
UNSET = ["a.b=range(5,0)", "a.b=range(0,5,0)", "a.b", "a.b=glob(*)"]
UNSEARCHED = ["a.b=3", "a.b=range(5,5)", "a.b=glob(*)", "a.b=log(0,1)", "a.b=log(a,1)", "a.b=log(1"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("ready") / "project")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--set train.sede=1", "SET: train.sede=1: Could not override"),
        ("--set ~trian.seed=null", "SET: ~trian.seed=null: Could not delete from config."),
        ("--set +a.b=1", "SET: +a.b=1: params.yaml: unknown section 'a' (valid: data, models, "),
        ("--set train.seed='1", "SET: train.seed='1: write key=value, key=a,b or key=range("),
        ("--search train.seed='1", "SEARCH: train.seed='1: write key=log(from,to), "),
        *((f"--set {one}", f"SET: {one}: write key=value, key=a,b or key=range(") for one in UNSET),
        *((f"--search {one}", f"SEARCH: {one}: write key=log(from,to), ") for one in UNSEARCHED),
        ("--search train.sed=1,2", "SEARCH: train.sed=0: Could not override 'train.sed'."),
        ("--set train.seed=1,2 --search train.epochs=1,2", "SET: several values for one key"),
        (f"{SEED} --search data.limit=1,2", "SEARCH: data.limit: accuracies on different images"),
        (f"{SEED} --search train.epochs=1,2", "split.validation_fraction is 0, so the search"),
        (CLUSTER, "--address: nodes clone from a Git remote"),
        (f"{CLUSTER} --git .", "--address: nodes share through a DVC remote"),
        (f"{CLUSTER} --git /none --remote /none", "--git: /none does not give the commit"),
        # It is tried whether anyone is there, since Ray itself would wait for a minute.
        (f"{CLUSTER} --git . --remote /none", "--address: ray://127.0.0.1:9: no Ray"),
        (f"GIT_COMMITTER_NAME= {SEED}", "Git does not know who you are"),
        (f"GIT_INDEX_FILE=none {SEED}", "uncommitted changes: no trial would see them"),
    ],
)
def test_what_is_asked_for_cannot_be(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    line: str,
) -> None:
    monkeypatch.chdir(project.folder)
    given = words.split()
    variables = dict(word.split("=") for word in given if word.startswith("GIT_"))
    for name, value in (environment(project.folder.parent) | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray has started"))
    monkeypatch.setattr("ray.shutdown", lambda: None)
    assert command.main(given[len(variables) :]) == 1
    printed = capsys.readouterr()
    assert not printed.out
    (told,) = printed.err.splitlines()
    assert told.startswith(f"error: {line}")


@pytest.mark.parametrize(
    ("asked", "nodes", "found"),
    [
        ([], [4, 4], "4"),
        (["--cores", "3"], [2, 4], "3"),
        (["--cores", "5"], [2, 4], "--cores: 5 is more than any node has; use at most 4"),
        ([], [2, 4], "--cores: nodes have 2 to 4, and a result depends on the number"),
        ([], [], "--address: no node of the cluster has cores"),
    ],
)
def test_a_training_has_as_many_cores_on_every_node(
    monkeypatch: pytest.MonkeyPatch, asked: list[str], nodes: list[int], found: str
) -> None:
    alive = [{"Alive": True, "Resources": {"CPU": count}} for count in nodes]
    gone = {"Alive": False, "Resources": {"CPU": 64.0}}
    headless = {"Alive": True, "Resources": {"memory": 1.0}}
    monkeypatch.setattr("ray.nodes", lambda: [gone, headless, *alive])
    options = command.parser("", None).parse_args(asked)
    try:
        cores = str(ready.cores_of(options))
    except StageError as error:
        cores = str(error)
    assert cores.startswith(found)
