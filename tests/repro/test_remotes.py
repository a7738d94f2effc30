"""A team shares what its pipeline computed, through a server: SSH and S3, each a real one."""

import re
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
    started = {"ssh": servers.ssh, "s3": servers.s3}[request.param]
    with started(tmp_path_factory.mktemp(request.param)) as server:
        yield server


@pytest.fixture(scope="module")
def shared(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose results are on the server."""
    folder = tmp_path_factory.mktemp("shared")
    project = replace(pipeline.tiny(tmp_path_factory).copy(folder / "project"), home=server.home)
    project.output("dvc", "remote", "add", "--default", "team", server.url)
    project.commit("Share the results")
    set_up(project, server.settings)
    project.output("dvc", "push", "--run-cache")
    return project


def set_up(project: Project, settings: Mapping[str, str]) -> None:
    """Set a client's own settings of the remote, which Git does not keep."""
    for key, value in settings.items():
        project.output("dvc", "remote", "modify", "--local", "team", key, value)


@pytest.fixture
def fresh(shared: Project, tmp_path: Path) -> Project:
    """Return a fresh clone, which does not know the client's own settings."""
    return shared.git_clone(tmp_path / "clone")


def test_a_fresh_clone_gets_everything(server: Server, fresh: Project) -> None:
    set_up(fresh, server.settings)
    place = re.sub(r"[^/]*@", "", server.url)
    assert fresh.output("python", "-m", "tools.pull").endswith(
        f"Missing outputs: 13; looking in the remote 'team' ({place}).\nFound there: 13.\n"
    )
    assert fresh.output("dvc", "status") == "Data and pipelines are up to date.\n"


def test_who_is_not_let_in_computes_what_is_missing(server: Server, fresh: Project) -> None:
    set_up(fresh, {**server.settings, **server.refused})
    last = fresh.output("python", "-m", "tools.pull").splitlines()[-1]
    assert last.startswith("The remote 'team' cannot be used: ")
    assert last.endswith("What is missing is computed here.")
