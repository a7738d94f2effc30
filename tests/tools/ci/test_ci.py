"""What CI's pipeline does, shown with its own steps: the commands come from the workflow.

A bare repository stands for GitHub, a folder for the DVC remote.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from stages.compare.comparison import LEGEND
from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import Project, damage, object_in

WORKFLOW = ROOT / ".github/workflows/pipeline.yml"
JOB: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["pipeline"]
EPOCHS = "recipes.notebook.models.model1.epochs"
TOUCHED = {"configure", "train@model1", "evaluate@model1", "compare", "report"}
# What an edit of preprocess runs where there is no data: the report has the hashes of all code.
AGAIN = {"fetch", "preprocess", "configure", "report"}


@dataclass(frozen=True)
class Team:
    """What a team has: the repository everyone clones, DVC's remote, and a place for clones."""

    folder: Path

    @property
    def secret(self) -> str:
        """Return what the secret DVC_CONFIG_LOCAL holds."""
        return f"[core]\nremote = storage\n['remote \"storage\"']\nurl = {self.folder}/remote\n"

    def clone(self, name: str, branch: str = "main") -> Project:
        """Return a fresh clone, its environment ready."""
        project = Project(self.folder / name / "project")
        project.folder.parent.mkdir()
        words = ["git", "clone", "--quiet", "--branch", branch, f"{self.folder}/origin.git"]
        Project(self.folder).output(*words, str(project.folder))
        pipeline.borrowed_environment(project.folder / ".venv")
        return project


@dataclass(frozen=True)
class Job:
    """A finished run of the workflow's job."""

    project: Project
    run: pipeline.Run
    summary: str


def run_job(project: Project, secrets: Mapping[str, str]) -> Job:
    """Run the job's commands as GitHub would, with these *secrets* and DVC_PUSH set."""
    has_remote = "DVC_CONFIG_LOCAL" in secrets
    holds = {
        None: True,
        "env.HAS_REMOTE == 'true'": has_remote,
        "env.HAS_REMOTE == 'true' && vars.DVC_PUSH == 'true'": has_remote,
    }
    summary = project.folder.parent / "summary.md"
    given = {"BASE": "origin/main", "GITHUB_STEP_SUMMARY": str(summary)}
    output = ""
    for step in JOB["steps"]:
        if "run" in step and holds[step.get("if")]:
            env = {
                name: secrets[value.removeprefix("${{ secrets.").removesuffix(" }}")]
                for name, value in step.get("env", {}).items()
            }
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            output += project.output(*shell, **given, **env)
    assert not any(secret.strip() in output for secret in secrets.values())
    return Job(project, pipeline.outcome(output), summary.read_text())


def accuracy(project: Project) -> float:
    """Return model1's accuracy."""
    scores = json.loads((project.folder / "metrics/evaluate/model1.json").read_text())
    return float(scores["accuracy"])


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Return a team whose main branch is finished and shared."""
    team = Team(tmp_path_factory.mktemp("team"))
    finished = pipeline.finished(tmp_path_factory)
    finished.output("git", "clone", "--quiet", "--bare", ".", f"{team.folder}/origin.git")
    seed = team.clone("seed")
    shutil.copytree(finished.folder / ".dvc/cache", seed.folder / ".dvc/cache")
    (seed.folder / ".dvc/config.local").write_text(team.secret)
    seed.output("make", "ci-push")
    return team


@pytest.fixture(scope="module")
def job(team: Team) -> Job:
    """Return what CI makes of a branch with one changed parameter."""
    developer = team.clone("developer")
    developer.output("git", "switch", "--quiet", "--create", "one-epoch")
    developer.replace("params.yaml", "epochs: 5", "epochs: 1")
    developer.commit("Train model1 for one epoch")
    developer.output("git", "push", "--quiet", "origin", "one-epoch")
    return run_job(team.clone("ci", "one-epoch"), {"DVC_CONFIG_LOCAL": team.secret})


def test_only_what_the_parameter_touches_runs(job: Job) -> None:
    assert (job.run.ran, job.run.cached) == (TOUCHED, set())


def test_the_summary_has_what_changed_and_what_ran(
    job: Job, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old, new = accuracy(pipeline.finished(tmp_path_factory)), accuracy(job.project)
    rows = [line.replace(" ", "") for line in job.summary.splitlines()]
    assert f"|params.yaml|{EPOCHS}|5|1|" in rows
    assert (
        f"|metrics/evaluate/model1.json|accuracy|{old:g}|{new:g}|{round(new - old, 8):g}|" in rows
    )
    assert not any("model2.json" in row for row in rows)
    comparison = (job.project.folder / "metrics/comparison.md").read_text().splitlines()
    # Its two sentences and its table; the chart has a bar for each model.
    left_out = [line for line in comparison if line not in job.summary]
    assert left_out == LEGEND.strip().split("\n")
    (chart,) = re.findall(r"```mermaid\n(.*?)```", job.summary, re.DOTALL)
    assert chart.splitlines()[2] == '  x-axis ["model1", "model2", "model3"]'
    table = pd.read_csv(job.project.folder / "metrics/comparison.csv")
    wrong = [f"{100 * (1 - accuracy):.2f}" for accuracy in table["accuracy"]]
    assert chart.splitlines()[4] == f"  bar [{', '.join(wrong)}]"
    assert "\nRunning stage 'train@model1':\n" in job.summary
    assert "\nStage 'train@model2' didn't change, skipping\n" in job.summary


def test_everything_for_the_artifact_is_there_and_leaves_no_trace_in_git(job: Job) -> None:
    (upload,) = (s for s in JOB["steps"] if "upload-artifact" in s.get("uses", ""))
    assert all((job.project.folder / path).exists() for path in upload["with"]["path"].split())
    assert (job.project.folder / "report.md").read_text() == job.summary
    assert "vega" in (job.project.folder / "dvc_plots/index.html").read_text()
    status = job.project.output("git", "status", "--short")
    assert all(line[3:].startswith(("dvc.lock", "metrics/")) for line in status.splitlines())


@pytest.mark.parametrize("kept_by", ["remote", "github"])
def test_a_second_clone_trains_nothing_and_has_every_byte_of_the_first(
    team: Team, job: Job, kept_by: str
) -> None:
    second = team.clone(f"second-by-{kept_by}", "one-epoch")
    if kept_by == "remote":
        (second.folder / ".dvc/config.local").write_text(team.secret)
    else:
        (step,) = (s for s in JOB["steps"] if "actions/cache" in s.get("uses", ""))
        path = step["with"]["path"]
        shutil.copytree(job.project.folder / path, second.folder / path)
    run = pipeline.outcome(second.output("make", "ci-repro"))
    assert (run.ran, run.cached) == (set(), TOUCHED)
    assert second.hashes() == job.project.hashes()
    model = "models/model1.keras"
    assert (second.folder / model).read_bytes() == (job.project.folder / model).read_bytes()


def test_a_fork_without_data_cache_or_secrets_runs_what_changed_and_what_that_needs(
    team: Team,
) -> None:
    fork = team.clone("fork")
    fork.append("stages/preprocess/__main__.py", "# A comment.\n")
    # Where Git names the remote, a fork knows of it and cannot read it.
    unreadable = "['remote \"storage\"']\n    url = ssh://nobody@127.0.0.1:1/nowhere\n"
    fork.append(".dvc/config", f"    remote = storage\n{unreadable}")
    done = run_job(fork, secrets={})
    assert (done.run.ran, done.run.cached) == (AGAIN, set())
    assert "The remote 'storage' cannot be used: " in done.run.output
    assert "Traceback" not in done.run.output
    assert "No parameter changed." in done.summary
    assert "No metric changed." in done.summary


def test_a_remote_that_is_still_empty_stops_nothing_and_gets_what_was_computed(
    team: Team, tmp_path: Path
) -> None:
    clone = team.clone("first-day")
    config = team.secret.replace(f"{team.folder}/remote", str(tmp_path))
    (clone.folder / ".dvc/config.local").write_text(config)
    clone.append("stages/preprocess/__main__.py", "# A comment.\n")
    assert pipeline.outcome(clone.output("make", "ci-repro")).ran == AGAIN
    clone.output("make", "ci-push")
    assert object_in(tmp_path, clone.hashes()["data/processed/train"]).is_file()


def test_what_is_damaged_in_the_remote_is_computed(team: Team, tmp_path: Path) -> None:
    clone = team.clone("damaged")
    shutil.copytree(team.folder / "remote", tmp_path / "remote")
    config = team.secret.replace(str(team.folder), str(tmp_path))
    (clone.folder / ".dvc/config.local").write_text(config)
    hashes = clone.hashes()
    listed = object_in(tmp_path / "remote", hashes["data/processed/train"])
    for file in json.loads(listed.read_text()):
        damage(object_in(tmp_path / "remote", file["md5"]))
    clone.replace("params.yaml", "epochs: 5", "epochs: 2")
    assert pipeline.outcome(clone.output("make", "ci-repro")).ran == TOUCHED | {"preprocess"}
    assert clone.hashes()["data/processed/train"] == hashes["data/processed/train"]


def test_a_stage_that_fails_is_run_once_and_fails_the_step(team: Team) -> None:
    clone = team.clone("failing")
    (clone.folder / "stages/train/__main__.py").write_text("raise SystemExit('out of luck')\n")
    done = clone.command("make", "ci-repro")
    assert done.returncode != 0
    assert pipeline.outcome(done.stdout).ran == {"configure", "fetch", "preprocess", "train@model1"}
    assert done.stdout.count("out of luck") == 1


@pytest.mark.parametrize("base", ["nowhere", "$(touch x)", "--help"])
def test_a_base_that_is_not_there_is_one_line(job: Job, base: str) -> None:
    done = job.project.command("make", "ci-report", BASE=base)
    errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR: ")]
    assert errors == [f"ERROR: unknown Git revision '{base}'"]
    assert "Traceback" not in done.stdout
    assert done.returncode != 0
    assert not (job.project.folder / "x").exists()
