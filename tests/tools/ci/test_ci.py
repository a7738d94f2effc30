"""What CI's pipeline does, shown with its own steps: the commands come from the workflow.

A bare repository stands for GitHub, a folder for the DVC remote.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import Project, Run

WORKFLOW = ROOT / ".github/workflows/pipeline.yml"
# What the secret DVC_CONFIG_LOCAL holds.
SETTINGS = "[core]\nremote = storage\n['remote \"storage\"']\nurl = {}/remote\n"
STEPS: list[dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text())["jobs"]["pipeline"]["steps"]
# What another size of model1 runs.
TOUCHED = {"configure", "train@model1", "evaluate@model1", "compare", "report"}


def clone(team: Path, name: str, branch: str = "main") -> Project:
    """Return a fresh clone of the *team*'s repository, its environment ready."""
    project = Project(team / name / "project")
    project.folder.parent.mkdir()
    words = ["git", "clone", "--quiet", "--branch", branch, f"{team}/origin.git"]
    Project(team).output(*words, str(project.folder))
    pipeline.borrowed_environment(project.folder / ".venv")
    return project


def run_job(project: Project, secret: str) -> Run:
    """Run the job's commands as GitHub would, with DVC_PUSH and, unless empty, the *secret*."""
    given = {"BASE": "origin/main", "GITHUB_STEP_SUMMARY": str(project.folder / "../summary.md")}
    output = ""
    for step in STEPS:
        if "run" in step and (secret or "env.HAS_REMOTE == 'true'" not in step.get("if", "")):
            env = dict.fromkeys(step.get("env", {}), secret)
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            output += project.output(*shell, **given, **env)
    assert not secret or secret.strip() not in output
    return pipeline.outcome(output)


@pytest.fixture(scope="module")
def team(tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a team has its repository and DVC's remote; the main branch is finished."""
    team = tmp_path_factory.mktemp("team")
    tiny.output("git", "clone", "--quiet", "--bare", ".", f"{team}/origin.git")
    seed = clone(team, "seed")
    (seed.folder / ".dvc/config.local").write_text(SETTINGS.format(team))
    shutil.copytree(tiny.folder / ".dvc/cache", seed.folder / ".dvc/cache")
    seed.output("make", "ci-push")
    return team


@pytest.fixture(scope="module")
def job(team: Path) -> Project:
    """Return the clone in which CI has run a branch with one changed parameter."""
    developer = clone(team, "developer")
    developer.output("git", "switch", "--quiet", "--create", "larger")
    developer.set_params({"models.model1.dense": [9]})
    developer.commit("A larger model1")
    developer.output("git", "push", "--quiet", "origin", "larger")
    project = clone(team, "ci", "larger")
    run = run_job(project, SETTINGS.format(team))
    assert (run.ran, run.cached) == (TOUCHED, set())
    return project


def test_the_summary_has_what_changed_and_what_ran(job: Project) -> None:
    summary = (job.folder / "../summary.md").read_text()
    rows = summary.replace(" ", "").splitlines()
    assert "|params.yaml|models.model1.dense|[8]|[9]|" in rows
    changed = {row.split("|")[1] for row in rows if row.startswith("|metrics/evaluate/")}
    assert changed == {"metrics/evaluate/model1.json"}
    assert "\nStage 'train@model2' didn't change, skipping\n" in summary
    # Nothing of it is taken for a file of the project's.
    status = job.output("git", "status", "--short").splitlines()
    assert all(line[3:].startswith(("dvc.lock", "metrics/")) for line in status)


@pytest.mark.parametrize("kept_by", ["remote", "github"])
def test_a_second_clone_trains_nothing_and_has_every_byte_of_the_first(
    team: Path, job: Project, kept_by: str
) -> None:
    second = clone(team, f"second-by-{kept_by}", "larger")
    if kept_by == "remote":
        (second.folder / ".dvc/config.local").write_text(SETTINGS.format(team))
    else:
        (path,) = (step["with"]["path"] for step in STEPS if "cache@" in step.get("uses", ""))
        shutil.copytree(job.folder / path, second.folder / path)
    run = pipeline.outcome(second.output("make", "ci-repro"))
    # What is compared in a second is not kept in a remote.
    again = {"compare"} if kept_by == "remote" else set()
    assert (run.ran, run.cached) == (again, TOUCHED - again)
    assert second.hashes() == job.hashes()
    model = "models/model1.keras"
    assert (second.folder / model).read_bytes() == (job.folder / model).read_bytes()


def test_a_fork_without_data_cache_or_secret_runs_what_changed_and_what_that_needs(
    team: Path,
) -> None:
    fork = clone(team, "fork")
    fork.append("stages/preprocess/__main__.py", "# A comment.\n")
    # Where Git names the remote, a fork knows of it and cannot read it.
    unreadable = "['remote \"storage\"']\n    url = ssh://nobody@127.0.0.1:1/nowhere\n"
    fork.append(".dvc/config", f"    remote = storage\n{unreadable}")
    run = run_job(fork, secret="")
    # The report has the hashes of all code.
    assert (run.ran, run.cached) == ({"fetch", "preprocess", "configure", "report"}, set())
    assert "The remote 'storage' cannot be used: " in run.output
    assert "Traceback" not in run.output
    summary = (fork.folder / "../summary.md").read_text()
    assert "No parameter changed.\n\nNo metric changed.\n" in summary
    base = "--help$(touch x)"
    done = fork.command("make", "ci-report", BASE=base)
    assert f"ERROR: unknown Git revision '{base}'" in done.stdout.splitlines()
    assert not (fork.folder / "x").exists()


def test_a_stage_that_fails_is_run_once_and_fails_the_step(team: Path) -> None:
    project = clone(team, "failing")
    (project.folder / "stages/configure/__main__.py").write_text("raise SystemExit('no luck')\n")
    done = project.command("make", "ci-repro")
    assert done.returncode != 0
    assert pipeline.outcome(done.stdout).ran == {"configure"}
    assert done.stdout.count("no luck") == 1
    assert "\nERROR: failed to run: python -m stages.configure, exited with 1\n" in done.stdout
