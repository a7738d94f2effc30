"""What CI's pipeline does, shown with its own steps: the commands come from the workflow.

A bare repository stands for GitHub, a folder for the DVC remote.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from stages.compare.comparison import LEGEND
from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import Project, Run, damage, object_in

WORKFLOW = ROOT / ".github/workflows/pipeline.yml"
STEPS: list[dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text())["jobs"]["pipeline"]["steps"]
# What another size of model1 runs.
TOUCHED = {"configure", "train@model1", "evaluate@model1", "compare", "report"}


@dataclass(frozen=True)
class Team:
    """What a team has: the repository everyone clones, DVC's remote, and a place for clones."""

    folder: Path

    def clone(self, name: str, branch: str = "main", remote: Path | None = None) -> Project:
        """Return a fresh clone, its environment ready; with the *remote*, if one is given."""
        project = Project(self.folder / name / "project")
        project.folder.parent.mkdir()
        words = ["git", "clone", "--quiet", "--branch", branch, f"{self.folder}/origin.git"]
        Project(self.folder).output(*words, str(project.folder))
        pipeline.borrowed_environment(project.folder / ".venv")
        if remote:
            (project.folder / ".dvc/config.local").write_text(settings(remote))
        return project


def settings(remote: Path) -> str:
    """Return what the secret DVC_CONFIG_LOCAL holds."""
    return f"[core]\nremote = storage\n['remote \"storage\"']\nurl = {remote}\n"


def run_job(project: Project, secret: str) -> Run:
    """Run the job's commands as GitHub would, with DVC_PUSH and, unless empty, the *secret*."""
    holds = {
        None: True,
        "env.HAS_REMOTE == 'true'": bool(secret),
        "env.HAS_REMOTE == 'true' && vars.DVC_PUSH == 'true'": bool(secret),
    }
    given = {"BASE": "origin/main", "GITHUB_STEP_SUMMARY": str(project.folder / "../summary.md")}
    output = ""
    for step in STEPS:
        if "run" in step and holds[step.get("if")]:
            env = dict.fromkeys(step.get("env", {}), secret)
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            output += project.output(*shell, **given, **env)
    assert not secret or secret.strip() not in output
    return pipeline.outcome(output)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Return a team whose main branch is finished and shared."""
    team = Team(tmp_path_factory.mktemp("team"))
    tiny = pipeline.tiny(tmp_path_factory)
    tiny.output("git", "clone", "--quiet", "--bare", ".", f"{team.folder}/origin.git")
    seed = team.clone("seed", remote=team.folder / "remote")
    shutil.copytree(tiny.folder / ".dvc/cache", seed.folder / ".dvc/cache")
    seed.output("make", "ci-push")
    return team


@pytest.fixture(scope="module")
def job(team: Team) -> Project:
    """Return the clone in which CI has run a branch with one changed parameter."""
    developer = team.clone("developer")
    developer.output("git", "switch", "--quiet", "--create", "larger")
    params = developer.read_params()
    params["models"]["model1"]["dense"] = [9]
    developer.write_params(params)
    developer.commit("A larger model1")
    developer.output("git", "push", "--quiet", "origin", "larger")
    clone = team.clone("ci", "larger")
    run = run_job(clone, settings(team.folder / "remote"))
    assert (run.ran, run.cached) == (TOUCHED, set())
    return clone


def test_the_summary_has_what_changed_and_what_ran(
    job: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    summary = (job.folder / "../summary.md").read_text()
    assert (job.folder / "report.md").read_text() == summary
    path = "metrics/evaluate/model1.json"
    old, new = (
        json.loads((project.folder / path).read_text())["accuracy"]
        for project in (pipeline.tiny(tmp_path_factory), job)
    )
    rows = [line.replace(" ", "") for line in summary.splitlines()]
    assert "|params.yaml|models.model1.dense|[8]|[9]|" in rows
    assert f"|{path}|accuracy|{old:g}|{new:g}|{round(new - old, 8):g}|" in rows
    assert not any("model2.json" in row for row in rows)
    # Its two sentences and its table; the chart has a bar for each model.
    comparison = (job.folder / "metrics/comparison.md").read_text().splitlines()
    assert [line for line in comparison if line not in summary] == LEGEND.strip().split("\n")
    (chart,) = re.findall(r"```mermaid\n(.*?)```", summary, re.DOTALL)
    table = pd.read_csv(job.folder / "metrics/comparison.csv")
    assert chart.splitlines()[2] == f"  x-axis {json.dumps([*table['model']])}"
    wrong = [f"{100 * (1 - accuracy):.2f}" for accuracy in table["accuracy"]]
    assert chart.splitlines()[4] == f"  bar [{', '.join(wrong)}]"
    assert "\nRunning stage 'train@model1':\n" in summary
    assert "\nStage 'train@model2' didn't change, skipping\n" in summary


def test_everything_for_the_artifact_is_there_and_leaves_no_trace_in_git(job: Project) -> None:
    (upload,) = (step for step in STEPS if "upload-artifact" in step.get("uses", ""))
    assert all((job.folder / path).exists() for path in upload["with"]["path"].split())
    assert "vega" in (job.folder / "dvc_plots/index.html").read_text()
    status = job.output("git", "status", "--short")
    assert all(line[3:].startswith(("dvc.lock", "metrics/")) for line in status.splitlines())


@pytest.mark.parametrize("kept_by", ["remote", "github"])
def test_a_second_clone_trains_nothing_and_has_every_byte_of_the_first(
    team: Team, job: Project, kept_by: str
) -> None:
    remote = team.folder / "remote" if kept_by == "remote" else None
    second = team.clone(f"second-by-{kept_by}", "larger", remote)
    if not remote:
        (step,) = (step for step in STEPS if "actions/cache" in step.get("uses", ""))
        path = step["with"]["path"]
        shutil.copytree(job.folder / path, second.folder / path)
    run = pipeline.outcome(second.output("make", "ci-repro"))
    assert (run.ran, run.cached) == (set(), TOUCHED)
    assert second.hashes() == job.hashes()
    model = "models/model1.keras"
    assert (second.folder / model).read_bytes() == (job.folder / model).read_bytes()


def test_a_fork_without_data_cache_or_secret_runs_what_changed_and_what_that_needs(
    team: Team,
) -> None:
    fork = team.clone("fork")
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
    assert "No parameter changed." in summary
    assert "No metric changed." in summary


def test_what_is_damaged_in_the_remote_is_computed(team: Team, job: Project) -> None:
    remote = shutil.copytree(team.folder / "remote", team.folder / "damaged-remote")
    clone = team.clone("damaged", "larger", remote)
    data = job.hashes()["data/processed/train"]
    for file in json.loads(object_in(remote, data).read_text()):
        damage(object_in(remote, file["md5"]))
    run = pipeline.outcome(clone.output("make", "ci-repro"))
    assert (run.ran, run.cached) == ({"preprocess"}, TOUCHED)
    assert clone.hashes() == job.hashes()


def test_a_stage_that_fails_is_run_once_and_fails_the_step(team: Team) -> None:
    clone = team.clone("failing")
    (clone.folder / "stages/configure/__main__.py").write_text("raise SystemExit('no luck')\n")
    done = clone.command("make", "ci-repro")
    assert done.returncode != 0
    assert pipeline.outcome(done.stdout).ran == {"configure"}
    assert done.stdout.count("no luck") == 1
    assert "\nERROR: failed to run: python -m stages.configure, exited with 1\n" in done.stdout


def test_a_base_that_is_not_there_is_one_line(job: Project) -> None:
    base = "--help$(touch x)"
    done = job.command("make", "ci-report", BASE=base)
    errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR: ")]
    assert errors == [f"ERROR: unknown Git revision '{base}'"]
    assert "Traceback" not in done.stdout
    assert done.returncode != 0
    assert not (job.folder / "x").exists()
