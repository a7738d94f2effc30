"""A team shares what its pipeline computed, through a folder; with real Git, DVC and make."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import pytest

from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import Project, damage, object_in

PLACE = "/mnt/team/mnist"
VERSION = "v1.0.0"


@dataclass(frozen=True)
class Team:
    """A project whose results are pushed, and the folder they were pushed to."""

    project: Project
    remote: Path

    def object(self, path: str) -> Path:
        """Return the file in the remote that holds the output at *path*."""
        return self.file(self.project.hashes()[path])

    def file(self, checksum: str) -> Path:
        """Return the file in the remote whose content has this MD5."""
        return object_in(self.remote, checksum)


def documented_commands() -> list[str]:
    """Return the commands of the first block in docs/sharing.md, comments left out."""
    text = (ROOT / "docs/sharing.md").read_text(encoding="utf-8")
    block = text.partition("```sh\n")[2].partition("```")[0]
    return [line.partition("  #")[0].strip() for line in block.splitlines()]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Return a project shared as the docs say, to read only."""
    folder = tmp_path_factory.mktemp("team")
    project = pipeline.finished(tmp_path_factory).copy(folder / "project")
    shared = Team(project, folder / "remote")
    setting_up = documented_commands()
    assert [line for line in setting_up if PLACE in line]
    for line in setting_up:
        project.output("sh", "-c", line.replace(PLACE, str(shared.remote)))
    yield shared
    shutil.rmtree(folder)


@pytest.fixture
def fresh(team: Team, tmp_path: Path) -> Iterator[Project]:
    """Return a fresh clone of the shared project."""
    yield team.project.git_clone(tmp_path / "clone")
    shutil.rmtree(tmp_path / "clone")


@pytest.fixture
def own_remote(team: Team, fresh: Project, tmp_path: Path) -> Iterator[Team]:
    """Return the fresh clone with a copy of the remote of its own, to damage."""
    own = Team(fresh, tmp_path / "remote")
    shutil.copytree(team.remote, own.remote)
    fresh.output("dvc", "remote", "modify", "--local", "team", "url", str(own.remote))
    yield own
    shutil.rmtree(own.remote)


def assert_complete(project: Project) -> None:
    """Check that every file is there as dvc.lock has it."""
    files = {p: h for p, h in project.hashes().items() if not h.endswith(".dir")}
    assert len(files) > 20
    for path, checksum in files.items():
        content = (project.folder / path).read_bytes()
        assert md5(content, usedforsecurity=False).hexdigest() == checksum, path
    assert project.output("dvc", "status") == "Data and pipelines are up to date.\n"


def assert_plain(output: str) -> None:
    """Check that what a person reads has no error, and no word of DVC's on hashes."""
    assert not re.search(r"Traceback|ERROR|WARNING|[0-9a-f]{32}", output), output


def test_a_fresh_clone_trains_nothing_and_fetches_no_images_from_their_source(
    team: Team, fresh: Project
) -> None:
    run = fresh.make("repro")
    assert (run.ran, run.cached, run.skipped) == (set(), set(), pipeline.all_stages())
    place = f"the remote 'team' ({team.remote})"
    assert f"Missing outputs: 16; looking in {place}.\nFound there: 16.\n" in run.output
    assert "computed here" not in run.output
    assert_plain(run.output)
    assert run.output.endswith((team.project.folder / "metrics/comparison.md").read_text())
    assert_complete(fresh)
    assert fresh.output("git", "status", "--short") == ""

    again = fresh.make("repro")
    assert again.output.startswith("Everything is up to date.\n")
    assert "remote" not in again.output


def test_dvc_pull_gets_everything(fresh: Project) -> None:
    fresh.output("dvc", "pull")
    assert_complete(fresh)


def test_only_what_the_remote_lacks_or_has_damaged_is_computed(own_remote: Team) -> None:
    project = own_remote.project
    # Of a folder, the list of its files or one of them may be gone.
    one_of_them = json.loads(own_remote.object("data/raw").read_text())[0]["md5"]
    own_remote.file(one_of_them).unlink()
    for path in ("data/processed/test", "models/model2.keras"):
        own_remote.object(path).unlink()
    damage(own_remote.object("metrics/comparison.md"))
    run = project.make("repro")
    # What is computed comes out the same, so nothing is scored; compared again for the time.
    assert (run.ran, run.cached) == (
        {"fetch", "preprocess", "train@model2", "compare", "report"},
        set(),
    )
    assert_plain(run.output)
    parts = "data/raw, data/processed/test, models/model2.keras, metrics/comparison.md"
    said = f"Not to be had, so computed here: {parts}.\n"
    assert said in run.output
    assert_complete(project)


@pytest.fixture
def one_missing(team: Team, tmp_path: Path) -> Iterator[Project]:
    """Return a copy of the project that lacks the comparison, in the cache too."""
    project = team.project.copy(tmp_path / "project")
    project.lose("metrics/comparison.md")
    yield project
    shutil.rmtree(project.folder)


def configure(project: Project, text: str) -> None:
    """Write settings of DVC for this clone alone."""
    (project.folder / ".dvc/config.local").write_text(text)


def test_without_the_folder_what_is_missing_is_computed(
    one_missing: Project, tmp_path: Path
) -> None:
    configure(one_missing, f"['remote \"team\"']\n    url = {tmp_path}/nowhere\n")
    run = one_missing.make("repro")
    assert (run.ran, run.cached) == ({"compare"}, set())
    assert_plain(run.output)
    said = f"There is nothing at the remote 'team' ({tmp_path}/nowhere): it is computed here.\n"
    assert said in run.output
    assert_complete(one_missing)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        # Nothing listens on the port for "discard".
        (
            "['remote \"team\"']\n    url = http://me:secret@127.0.0.1:9/\n",
            r"There is nothing at the remote 'team' \(http://127.0.0.1:9/\): it is computed here\.",
        ),
        (
            "['remote \"team\"']\n    url = gs://bucket/folder\n",
            r"The remote 'team' cannot be used: .* requires 'dvc-gs' .* What is missing is .*",
        ),
        (
            "[core]\n    remote = crew\n",
            r"The remote 'crew' cannot be used: .* 'crew' doesn't exist\. What is missing is .*",
        ),
    ],
)
def test_a_remote_that_cannot_be_used_is_no_obstacle(
    one_missing: Project, settings: str, said: str
) -> None:
    configure(one_missing, settings)
    printed = one_missing.output("python", "-m", "tools.pull")
    assert re.fullmatch(said, printed.splitlines()[-1])
    assert "secret" not in printed


def test_without_a_remote_nothing_is_said_of_one(one_missing: Project) -> None:
    (one_missing.folder / ".dvc/config").write_text("")
    assert one_missing.output("python", "-m", "tools.pull") == ""


def test_changed_code_alone_asks_no_remote(one_missing: Project) -> None:
    one_missing.append("stages/compare/comparison.py", "# A comment.\n")
    assert one_missing.output("python", "-m", "tools.pull") == ""


def test_a_broken_pipeline_is_told_by_dvc_alone(fresh: Project) -> None:
    fresh.append("dvc.yaml", "  - broken\n")
    run = fresh.make("repro", succeeds=False)
    assert run.ran == set()
    assert run.output.count("dvc.yaml' is invalid") == 1
    assert "Traceback" not in run.output


def test_a_version_of_a_model_is_found_by_name(team: Team, tmp_path: Path) -> None:
    origin = tmp_path / "origin.git"
    team.project.output("git", "clone", "--quiet", "--bare", str(team.project.folder), str(origin))
    author = Project(origin).git_clone(tmp_path / "author")
    author.output("gto", "register", "model2", "--version", VERSION, "--push")
    shown = json.loads(author.output("gto", "show", "model2", "--json"))
    assert [version["version"] for version in shown] == [VERSION]

    model = tmp_path / "found.keras"
    anywhere = Project(tmp_path)
    # The artifacts' own registry is Git's tags: the clone that made them is not needed.
    words = ("dvc", "artifacts", "get", str(origin), "model2", "--rev", VERSION, "-o", str(model))
    anywhere.output(*words)
    checksum = md5(model.read_bytes(), usedforsecurity=False).hexdigest()
    assert checksum == team.project.hashes()["models/model2.keras"]
