"""A team shares what its pipeline computed, through a server: SSH and S3, each a real one."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import pipeline, servers
from tests.support.pipeline import Project
from tests.support.servers import Server


@pytest.fixture(scope="module", params=["ssh", "s3"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with {"ssh": servers.ssh, "s3": servers.s3}[request.param](
        tmp_path_factory.mktemp(request.param)
    ) as started:
        yield started


def set_up(project: Project, settings: Mapping[str, str]) -> None:
    """Set a client's own settings of the remote, which Git does not keep."""
    for key, value in settings.items():
        project.output("dvc", "remote", "modify", "--local", "team", key, value)


@pytest.fixture(scope="module")
def shared(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return a project whose results are on the server."""
    folder = tmp_path_factory.mktemp("shared")
    finished = pipeline.finished(tmp_path_factory)
    project = replace(finished.copy(folder / "project"), home=server.home)
    project.output("dvc", "remote", "add", "--default", "team", server.url)
    project.commit("Share the results")
    set_up(project, server.settings)
    project.output("dvc", "push", "--run-cache")
    yield project
    shutil.rmtree(folder)


@pytest.fixture
def fresh(shared: Project, tmp_path: Path) -> Iterator[Project]:
    """Return a fresh clone, which does not know the client's own settings."""
    yield shared.git_clone(tmp_path / "clone")
    shutil.rmtree(tmp_path / "clone")


def test_a_fresh_clone_trains_nothing(server: Server, shared: Project, fresh: Project) -> None:
    set_up(fresh, server.settings)
    run = fresh.make("repro")
    assert (run.ran, run.cached, run.skipped) == (set(), set(), pipeline.all_stages())
    place = re.sub(r"[^/]*@", "", server.url)
    assert f"looking in the remote 'team' ({place}).\nFound there: 16.\n" in run.output
    assert fresh.output("dvc", "status") == "Data and pipelines are up to date.\n"
    assert fresh.hashes() == shared.hashes()


DAMAGING = """
from dvc.repo import Repo
remote = Repo().cloud.get_remote_odb()
path = remote.oid_to_path("0" * 32)
remote.fs.makedirs(remote.fs.parent(path), exist_ok=True)
remote.fs.pipe_file(path, b"half of a fi")
"""


def test_damage_there_is_found_and_removed(shared: Project, tmp_path: Path) -> None:
    project = shared.copy(tmp_path / "project")
    project.output("python", "-c", DAMAGING)
    looking = "Looking into every file of the remote 'team'.\n"
    said = project.output("python", "-m", "tools.verify")
    assert re.fullmatch(rf"{looking}damaged, removed: .*files/md5/00/0{{30}}\n", said)
    assert project.output("python", "-m", "tools.verify") == f"{looking}No damaged file.\n"


@pytest.fixture
def one_missing(shared: Project, tmp_path: Path) -> Iterator[Project]:
    """Return a copy of the project that lacks the comparison, in the cache too."""
    project = shared.copy(tmp_path / "project")
    project.lose("metrics/comparison.md")
    yield project
    shutil.rmtree(project.folder)


def test_who_is_not_let_in_computes_what_is_missing(server: Server, one_missing: Project) -> None:
    set_up(one_missing, server.refused)
    run = one_missing.make("repro")
    assert (run.ran, run.cached) == ({"compare"}, set())
    assert "The remote 'team' cannot be used: " in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize("server", ["ssh"], indirect=True)
def test_the_key_of_an_ssh_server_is_not_checked(server: Server, one_missing: Project) -> None:
    # docs/sharing.md warns of it; when this fails, the warning may go.
    assert not (server.home / ".ssh").exists()
    said = one_missing.output("python", "-m", "tools.pull")
    assert said.splitlines()[-1] == "Found there: 1."


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(
        pytest.skip.Exception, match="no_such_module is not installed: make remotes"
    ):
        servers.need("no_such_module")
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed: install it"):
        servers.program("no-such-server", "install it")
