"""A team shares what its pipeline computed, through a folder; with real Git, DVC and make."""

import json
import re
from pathlib import Path

import pytest

from stages.common.errors import StageError
from tests import ROOT
from tests.support.pipeline import (
    TINY_MODELS,
    Project,
    borrowed_environment,
    damage,
    object_in,
    outcome,
)
from tools import pull

PLACE = "/mnt/team/mnist"
URL = "['remote \"team\"']\n    url = {}\n"


@pytest.fixture
def shared(project: Project, tmp_path: Path) -> Project:
    """Return a project shared as docs/sharing.md says; the folder ``remote`` lies beside it."""
    text = (ROOT / "docs/sharing.md").read_text(encoding="utf-8")
    commands = text.partition("```sh\n")[2].partition("```")[0]
    assert PLACE in commands
    project.output("bash", "-ec", commands.replace(PLACE, str(tmp_path / "remote")))
    return project


def assert_plain(output: str) -> None:
    """Check that what a person reads has no error, and no word of DVC's on hashes."""
    assert not re.search(r"Traceback|ERROR|WARNING|[0-9a-f]{32}", output), output


def test_a_fresh_clone_trains_nothing_and_computes_what_is_lacking_or_damaged_there(
    shared: Project, tmp_path: Path
) -> None:
    hashes, remote = shared.hashes(), tmp_path / "remote"
    fresh = shared.git_clone(tmp_path / "whole/project")
    run = fresh.make("repro")
    assert (run.ran, run.cached) == (set(), set())
    place = f"the remote 'team' ({remote})"
    assert f"Missing outputs: 18; looking in {place}.\nFound there: 18.\n" in run.output
    assert "computed here" not in run.output
    assert_plain(run.output)
    assert run.output.endswith((shared.folder / "metrics/comparison.md").read_text())
    assert fresh.output("dvc", "status") == "Data and pipelines are up to date.\n"

    # Of a folder, the list of its files or one of them may be gone.
    one_of_them = json.loads(object_in(remote, hashes["data/raw"]).read_text())[0]["md5"]
    lacking = ("data/processed/test", "models/model2.keras")
    for checksum in (one_of_them, *(hashes[path] for path in lacking)):
        object_in(remote, checksum).unlink()
    damage(object_in(remote, hashes["metrics/comparison.md"]))
    poor = shared.git_clone(tmp_path / "poor/project")
    run = poor.make("repro")
    # What is computed comes out the same, so nothing is scored; compared again for the time.
    assert run.ran == {"fetch", "preprocess", "train@model2", "compare", "report"}
    assert_plain(run.output)
    parts = "data/raw, data/processed/test, models/model2.keras, metrics/comparison.md"
    assert f"Not found, so computed here: {parts}.\n" in run.output
    assert poor.hashes()["models/model2.keras"] == hashes["models/model2.keras"]


def test_a_commit_without_the_metrics_trains_nothing_elsewhere(
    shared: Project, tmp_path: Path
) -> None:
    shared.set_params({"models.model1.dense": [9], "models.mine": TINY_MODELS["model2"]})
    shared.run("repro")
    # What DVC prints at the end, word by word.
    shared.output("git", "add", "dvc.lock", "params.yaml")
    shared.output("git", "commit", "--quiet", "--message", "Larger")
    shared.output("dvc", "push")
    venv = f"VENV={borrowed_environment(tmp_path / 'venv')}"
    for commands in (
        "make repro",
        "make ci-repro",
        "dvc pull; dvc repro",
        # DVC takes the metrics of a new model, which are not there at all, for pulled.
        "! dvc repro --pull --allow-missing; make repro",
    ):
        fresh = shared.git_clone(tmp_path / commands.replace(" ", "-") / "project")
        run = outcome(fresh.output("bash", "-ec", commands, MAKEFLAGS=venv))
        assert not {name for name in run.ran if name.startswith("train")}, run.output
        assert "error:" not in run.output or "missing; `make repro` writes it" in run.output
        assert fresh.hashes() == shared.hashes()
        for path in ("history/model1.csv", "train/mine.json", "time/mine.json", "comparison.csv"):
            metrics = (project.folder / "metrics" / path for project in (fresh, shared))
            assert len({path.read_bytes() for path in metrics}) == 1


@pytest.fixture
def one_missing(shared: Project) -> Project:
    """Return the shared project without its comparison, in the cache too."""
    (shared.folder / "metrics/comparison.md").unlink()
    object_in(shared.folder / ".dvc/cache", shared.hashes()["metrics/comparison.md"]).unlink()
    return shared


def test_tools_pull_says_in_one_line_why_a_remote_cannot_be_used(one_missing: Project) -> None:
    nothing = r"There is nothing at the remote 'team' \(http://127\.0\.0\.1:9/\); .*"
    cannot = r"The remote '{}' cannot be used: .* {}.* What is missing is computed here\."
    for settings, told in (
        # Nothing listens on the port for "discard".
        (URL.format("http://me:secret@127.0.0.1:9/"), nothing),
        (URL.format("gs://bucket/folder"), cannot.format("team", "requires 'dvc-gs'")),
        ("[core]\n    remote = crew\n", cannot.format("crew", r"'crew' doesn't exist\.")),
    ):
        (one_missing.folder / ".dvc/config.local").write_text(settings)
        printed = one_missing.output("python", "-m", "tools.pull")
        assert re.fullmatch(told, printed.splitlines()[-1])
        assert_plain(printed)
        assert "secret" not in printed
    run = one_missing.make("repro")
    assert (run.ran, run.cached) == ({"compare"}, set())


def test_tools_pull_is_silent_where_no_remote_can_help(one_missing: Project) -> None:
    for path, text in (
        ("stages/compare/comparison.py", "# A comment.\n"),
        # DVC tells of a pipeline that it cannot read.
        ("dvc.yaml", "  - broken\n"),
    ):
        one_missing.append(path, text)
        assert one_missing.output("python", "-m", "tools.pull") == ""


def test_what_dvc_has_no_clear_words_for_is_told_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    # DVC, which cannot sort such names, would speak of instances of 'int' and 'str'.
    named = text.replace("\nmodels:\n", "\nmodels:\n  4: {architecture: model1}\n")
    Path("params.yaml").write_text(named)
    with pytest.raises(StageError, match=r"^params\.yaml: models: 4 cannot be a name; take"):
        pull.main()
