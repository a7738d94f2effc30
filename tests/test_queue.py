"""Experiments with real DVC: run here, or queued and run by workers in folders of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import pipeline
from tests.pipeline import Project
from tests.processes import processes_in, wait_until

# The first weights, the order of the images: each seed is another training.
SEEDS = ("seed-1", "seed-2")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return a clone with one tiny model, finished and committed; nothing of it runs on at the end.

    The tests add experiments, each its own.
    """
    copy = pipeline.tiny(tmp_path_factory).copy(tmp_path_factory.mktemp("queue") / "project")
    params = copy.read_params()
    params["models"] = {"model1": params["models"]["model1"]}
    copy.write_params(params)
    copy.output("dvc", "repro")
    copy.commit("One tiny model")
    yield copy
    for process in processes_in(copy.folder):
        process.kill()
    shutil.rmtree(copy.folder)


def start_workers(project: Project, jobs: int) -> None:
    """Start workers. They keep the output open that they were started with, so it is a file."""
    project.output("sh", "-c", f"dvc queue start --jobs {jobs} > started 2>&1")
    assert (
        f"Started '{jobs}' new experiments task queue worker"
        in (project.folder / "started").read_text()
    )
    (project.folder / "started").unlink()


def queue(project: Project, name: str, *settings: str) -> str:
    """Queue one experiment, or one for each value of a range."""
    words = [word for setting in settings for word in ("-S", setting)]
    return project.output("dvc", "exp", "run", "--queue", "--name", name, *words)


def experiments(project: Project) -> dict[str, str]:
    """Return the reference in Git of each experiment that has succeeded, by name."""
    printed = project.output("git", "for-each-ref", "--format=%(refname)", "refs/exps")
    return {ref.rpartition("/")[2]: ref for ref in printed.split() if "celery" not in ref}


def params_of(project: Project, revision: str) -> dict[str, dict[str, object]]:
    """Return params.yaml as it stands in *revision*."""
    return yaml.safe_load(project.output("git", "show", f"{revision}:params.yaml"))


def statuses(project: Project) -> dict[str, str]:
    """Return what `dvc queue status` says of each task: Queued, Running, Success or Failed."""
    lines = project.output("dvc", "queue", "status").splitlines()
    rows = [line.split() for line in lines[1:] if line.strip() and not line.startswith("Worker")]
    return {row[1]: row[-1] for row in rows}


@pytest.fixture(scope="module")
def worked(project: Project) -> Project:
    """Return the project after two workers have done all that was queued and were stopped.

    `dvc queue stop --kill` leaves the training of a running task behind (DVC 3.67), so that nothing
    may be running by then.
    """
    (project.folder / "untracked.npz").touch()
    queue(project, "broken", "models.model1.filters=[0]")
    queue(project, "untracked", "data.path=untracked.npz")
    printed = queue(project, "seed", "train.seed=range(0,2)")
    for name in SEEDS:
        assert f"Queued experiment '{name}' for future execution." in printed
    queue(project, "dense", "models.model1.dense=[128,64]")
    start_workers(project, 2)
    wait_until(lambda: {*SEEDS, "dense"} <= experiments(project).keys(), 240)
    wait_until(lambda: "Running" not in statuses(project).values())
    project.output("dvc", "queue", "stop", "--kill")
    wait_until(lambda: not processes_in(project.folder))
    return project


def test_an_experiment_here_changes_parameters_and_results(project: Project) -> None:
    run = project.run("exp", "run", "--name", "quick", "-S", "train.recipe=fast")
    assert run.ran == {"configure", "train@model1", "evaluate@model1", "compare"}
    assert "Experiment results have been applied to your workspace." in run.output
    assert project.read_params()["train"]["recipe"] == "fast"
    assert params_of(project, experiments(project)["quick"])["train"]["recipe"] == "fast"
    assert '"recipe": "fast"' in (project.folder / "metrics/train/model1.json").read_text()

    # And back again.
    project.output("git", "restore", ".")
    project.output("dvc", "checkout")
    assert project.command("dvc", "status", "--quiet").returncode == 0


def test_experiments_that_fail_leave_the_others_and_their_logs_are_found(worked: Project) -> None:
    failed = {"broken": "Failed", "untracked": "Failed"}
    assert statuses(worked) == dict.fromkeys((*SEEDS, "dense"), "Success") | failed
    assert (
        "error: params.yaml: models.model1.filters.0: should be greater than or equal to 1, got 0"
        in worked.output("dvc", "queue", "logs", "broken").splitlines()
    )
    assert not failed.keys() & experiments(worked).keys()
    shown = worked.make("experiments").output.splitlines()
    assert [line.split()[1:3] for line in shown if "broken" in line] == [["Failed", "-"]]


def test_queued_experiments_see_only_what_git_tracks(worked: Project) -> None:
    assert (worked.folder / "untracked.npz").exists()
    lines = worked.output("dvc", "queue", "logs", "untracked").splitlines()
    # Told twice.
    (error,) = {line for line in lines if line.startswith("ERROR: ")}
    assert error.startswith("ERROR: failed to reproduce 'fetch': [Errno 2] No such file or ")
    assert error.endswith("/untracked.npz'")


def test_each_value_of_a_range_is_an_experiment_with_data_from_the_cache(worked: Project) -> None:
    for seed, name in enumerate(SEEDS):
        assert params_of(worked, experiments(worked)[name])["train"]["seed"] == seed
        log = worked.output("dvc", "queue", "logs", name)
        # Seed 0 is what was there before.
        assert ("Running stage 'train@model1'" in log) == (seed > 0)
        assert "Running stage 'fetch'" not in log
        assert "Running stage 'preprocess'" not in log


def test_an_applied_experiment_is_here_with_its_model(worked: Project) -> None:
    worked.output("dvc", "exp", "apply", "dense")
    assert worked.read_params()["models"]["model1"]["dense"] == [128, 64]
    assert worked.command("dvc", "status", "--quiet").returncode == 0
    worked.output("git", "restore", ".")


def test_an_experiment_becomes_a_branch(worked: Project) -> None:
    worked.output("dvc", "exp", "branch", "seed-2", "other-seed")
    branches = worked.output("git", "branch", "--format=%(refname:short)").split()
    assert branches == ["main", "other-seed"]
    assert params_of(worked, "other-seed")["train"]["seed"] == 1
    commits = worked.output("git", "rev-list", "--count", "main..other-seed")
    assert commits.strip() == "1"


def test_what_runs_is_stopped_with_its_workers_and_no_process_is_left(worked: Project) -> None:
    queue(worked, "endless", "train.epochs=10000")
    start_workers(worked, 1)

    def training() -> list[Path]:
        logs = (worked.folder / ".dvc/tmp/exps/run").glob("*/*.out")
        return [log for log in logs if "model1: epoch 2/10000" in log.read_text()]

    wait_until(training)
    worked.output("dvc", "queue", "kill", "endless")
    worked.output("dvc", "queue", "stop")
    wait_until(lambda: not processes_in(worked.folder))
    assert statuses(worked)["endless"] == "Failed"
    assert "endless" not in experiments(worked)
