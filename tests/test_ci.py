"""What CI's pipeline does, shown with its own steps: the commands come from the workflow.

A bare repository stands for GitHub, a folder for the DVC remote.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import pipeline, workflows
from tests.pipeline import Project, for_each

JOB = workflows.parsed(workflows.text("pipeline.yml"))["jobs"]["pipeline"]
EPOCHS = "recipes.notebook.models.model1.epochs"
COMMENT = "# A comment changes a file and no number.\n"
TOUCHED = for_each("configure") | {"train@model1", "evaluate@model1", "compare"}


@dataclass(frozen=True)
class Team:
    """What a team has: the repository everyone clones, DVC's remote, and a place for clones."""

    folder: Path

    @property
    def origin(self) -> Path:
        """Return the repository that stands for GitHub's."""
        return self.folder / "origin.git"

    @property
    def dvc_config(self) -> str:
        """Return what the secret DVC_CONFIG_LOCAL holds."""
        return f"[core]\nremote = storage\n['remote \"storage\"']\nurl = {self.folder}/remote\n"

    def clone(self, name: str, branch: str = "main") -> Project:
        """Return a fresh clone."""
        folder = self.folder / name / "project"
        folder.parent.mkdir()
        words = ["git", "clone", "--quiet", "--branch", branch, str(self.origin), str(folder)]
        Project(self.folder).output(*words)
        return Project(folder)


@dataclass(frozen=True)
class Job:
    """A finished run of the workflow's job."""

    project: Project
    run: pipeline.Run
    summary: str


def variables(project: Project) -> dict[str, str]:
    """Return what tells make that the environment is there: the programs of this one are used."""
    return {"VENV": str(pipeline.borrowed_environment(project.folder.parent / "venv"))}


def make(project: Project, *words: str, succeeds: bool = True, **more: str) -> str:
    """Return what ``make`` with these *words* printed; it must succeed, or must not."""
    done = project.command("make", *words, **variables(project), **more)
    assert (done.returncode == 0) == succeeds, done.stdout
    return done.stdout


def run_job(project: Project, secrets: Mapping[str, str], base: str = "origin/main") -> Job:
    """Run the job's commands as GitHub would, with these *secrets* and DVC_PUSH set."""
    has_remote = "DVC_CONFIG_LOCAL" in secrets
    holds = {
        None: True,
        "env.HAS_REMOTE == 'true'": has_remote,
        "env.HAS_REMOTE != 'true'": not has_remote,
        "env.HAS_REMOTE == 'true' && vars.DVC_PUSH == 'true'": has_remote,
    }
    assert set(JOB["env"]) == {"HAS_REMOTE", "BASE"}
    summary = project.folder.parent / "summary.md"
    given = {**variables(project), "BASE": base, "GITHUB_STEP_SUMMARY": str(summary)}
    printed = []
    for step in JOB["steps"]:
        if "run" not in step or not holds[step.get("if")]:
            continue
        env = {
            name: secrets[value.removeprefix("${{ secrets.").removesuffix(" }}")]
            for name, value in step.get("env", {}).items()
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        printed.append(project.output(*shell, **given, **env))
    output = "".join(printed)
    for secret in secrets.values():
        assert secret.strip() not in output
    return Job(project, pipeline.outcome(output), summary.read_text())


def accuracy(project: Project) -> float:
    """Return model1's accuracy."""
    scores = json.loads((project.folder / "metrics/evaluate/model1.json").read_text())
    return float(scores["accuracy"])


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Return a team whose main branch is finished and shared."""
    finished = pipeline.finished(tmp_path_factory)
    team = Team(tmp_path_factory.mktemp("team"))
    seed = finished.copy(team.folder / "seed" / "project")
    seed.output("git", "clone", "--quiet", "--bare", ".", str(team.origin))
    (seed.folder / ".dvc/config.local").write_text(team.dvc_config)
    make(seed, "ci-push")
    return team


@pytest.fixture(scope="module")
def developer(team: Team) -> Project:
    """Return the clone of someone who changed one parameter on a branch and pushed it."""
    clone = team.clone("developer")
    clone.output("git", "switch", "--quiet", "--create", "one-epoch")
    clone.replace("params.yaml", "epochs: 5", "epochs: 1")
    clone.commit("Train model1 for one epoch")
    clone.output("git", "push", "--quiet", "origin", "one-epoch")
    return clone


@pytest.fixture(scope="module")
def job(team: Team, developer: Project) -> Job:
    """Return what CI made of the branch."""
    secrets = {"DVC_CONFIG_LOCAL": team.dvc_config}
    return run_job(team.clone("ci", "one-epoch"), secrets)


def test_only_what_the_parameter_touches_runs(job: Job) -> None:
    assert (job.run.ran, job.run.cached) == (TOUCHED, set())


def test_the_summary_has_the_parameter_and_the_metric_old_and_new(
    job: Job, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old, new = accuracy(pipeline.finished(tmp_path_factory)), accuracy(job.project)
    assert old != new
    lines = job.summary.splitlines()
    assert f"| `{EPOCHS}` | `5` | `1` |" in lines
    assert f"| model1 | accuracy | {old:.4f} | {new:.4f} | {new - old:+.4f} |" in lines
    assert not [line for line in lines if line.startswith("| model2 | accuracy |")]
    assert (job.project.folder / "metrics/comparison.md").read_text() in job.summary
    assert f"Ran 6 of 12: {', '.join(f'`{name}`' for name in sorted(TOUCHED))}." in lines


def test_everything_for_the_artifact_is_there(job: Job) -> None:
    (upload,) = (s for s in JOB["steps"] if "upload-artifact" in s.get("uses", ""))
    paths = upload["with"]["path"].split()
    assert {"report.md", "metrics", "dvc_plots"} < set(paths)
    assert all((job.project.folder / path).exists() for path in paths)
    assert (job.project.folder / "report.md").read_text() == job.summary
    assert "vega" in (job.project.folder / "dvc_plots/index.html").read_text()
    # So that a comment or an artifact leaves no trace in Git.
    status = job.project.output("git", "status", "--short")
    assert all(line[3:].startswith(("dvc.lock", "metrics/")) for line in status.splitlines())


@pytest.mark.parametrize("kept_by", ["remote", "github"])
def test_a_second_clone_trains_nothing_and_has_every_number_of_the_first(
    team: Team, job: Job, kept_by: str
) -> None:
    second = team.clone(f"second-by-{kept_by}", "one-epoch")
    if kept_by == "remote":
        (second.folder / ".dvc/config.local").write_text(team.dvc_config)
    else:
        (step,) = (s for s in JOB["steps"] if "actions/cache" in s.get("uses", ""))
        path = step["with"]["path"]
        shutil.copytree(job.project.folder / path, second.folder / path)
    run = pipeline.outcome(make(second, "ci-repro"))
    assert (run.ran, run.cached) == (set(), TOUCHED)
    assert second.hashes() == job.project.hashes()
    model = "models/model1.keras"
    assert (second.folder / model).read_bytes() == (job.project.folder / model).read_bytes()
    before, stages = make(second, "ci-report", "BASE=origin/main").split("### Stages")
    assert before == job.summary.split("### Stages")[0]
    assert "Ran 0 of 12.\nFrom the run-cache 6: " in stages


def test_a_fork_without_data_cache_or_secrets_runs_what_changed_and_what_that_needs(
    team: Team,
) -> None:
    fork = team.clone("fork")
    fork.append("stages/preprocess.py", COMMENT)
    # Where Git names the remote, a fork knows of it and cannot read it.
    unreadable = "['remote \"storage\"']\n    url = ssh://nobody@127.0.0.1:1/nowhere\n"
    fork.append(".dvc/config", f"    remote = storage\n{unreadable}")
    done = run_job(fork, secrets={})
    assert (done.run.ran, done.run.cached) == ({"fetch", "preprocess"}, set())
    assert "DVC's remote does not answer, going on without it: " in done.run.output
    assert "preprocess lacks an input: first fetch\n" in done.run.output
    assert "Traceback" not in done.run.output
    assert "No parameter changed." in done.summary
    assert "No metric changed." in done.summary
    assert "Ran 2 of 12: `fetch`, `preprocess`." in done.summary


def test_a_remote_that_is_still_empty_stops_nothing_and_gets_what_was_computed(
    team: Team, tmp_path: Path
) -> None:
    clone = team.clone("first-day")
    config = team.dvc_config.replace(f"{team.folder}/remote", str(tmp_path))
    (clone.folder / ".dvc/config.local").write_text(config)
    clone.append("stages/preprocess.py", COMMENT)
    assert pipeline.outcome(make(clone, "ci-repro")).ran == {"fetch", "preprocess"}
    make(clone, "ci-push")
    md5 = clone.hashes()["data/processed/train"]
    assert (tmp_path / "files/md5" / md5[:2] / md5[2:]).is_file()


def test_a_stage_that_fails_fails_the_step_in_one_line(team: Team) -> None:
    clone = team.clone("failing")
    clone.replace("params.yaml", "epochs: 5", "epochs: 0.5")
    lines = make(clone, "ci-repro", succeeds=False).splitlines()
    assert "error: stage configure@model1 failed: DVC says why above" in lines
    assert [line for line in lines if line.startswith("error: params.yaml: ")]


def test_a_person_compares_with_a_local_branch_and_runs_nothing(developer: Project) -> None:
    printed = make(developer, "ci-report", "BASE=main")
    assert f"| `{EPOCHS}` | `5` | `1` |" in printed
    assert "No metric changed." in printed
    assert "Which stages ran is not known: `make ci-repro` notes it down." in printed


@pytest.mark.parametrize(
    ("base", "hint"),
    [("main", "did you mean origin/main?"), ("$(touch x)", "for example main or origin/main")],
)
def test_a_base_that_is_not_there_is_one_line(job: Job, base: str, hint: str) -> None:
    lines = make(job.project, "ci-report", succeeds=False, BASE=base).splitlines()
    assert lines[0] == f"error: BASE: no branch, tag or commit {base!r} here; {hint}"
    assert all(line.startswith("make: ") for line in lines[1:])
    assert not (job.project.folder / "x").exists()
