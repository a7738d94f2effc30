"""What people do with Git and experiments, as docs/git.md says; with real Git and DVC."""

import os
import signal

from tests.support.pipeline import TINY_MODELS, Project
from tests.support.processes import start, wait_until


def test_a_killed_experiment_is_told_until_one_is_back_on_its_branch(project: Project) -> None:
    project.output("git", "switch", "--quiet", "--create", "wide/1")
    file = project.folder / "stages/train/__main__.py"
    whole = file.read_text()
    # On no branch, but for no experiment.
    project.output("git", "checkout", "--quiet", "--detach")
    assert "HEAD" not in project.make("experiments").output
    project.output("git", "switch", "--quiet", "-")
    file.write_text("import pathlib, time\npathlib.Path('here').touch()\ntime.sleep(1000)\n")
    killed = start(project, "dvc", "exp", "run", "-S", "train.seed=5")
    wait_until((project.folder / "here").exists, of=killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    file.write_text(whole)
    for target in ("experiments", "repro"):
        told = project.make(target).output.splitlines()[0]
        assert told.startswith("note: HEAD is on no branch, since `dvc exp run` was killed")
        assert "`git switch wide/1` goes back" in told
    project.output("git", "switch", "--quiet", "wide/1")
    assert project.read_params()["train"]["seed"] == 5
    assert "HEAD" not in project.make("repro").output


def test_branches_that_each_added_a_model_are_merged_without_training(project: Project) -> None:
    params = (project.folder / "params.yaml").read_text()
    blocks = {name: TINY_MODELS["model2"] | {"dense": [n]} for name, n in (("ann", 9), ("bob", 10))}
    for name, block in blocks.items():
        project.output("git", "switch", "--quiet", "--create", name, "main")
        (project.folder / "params.yaml").write_text(params)
        project.set_params({f"models.{name}": block})
        project.run("repro")
        project.commit(name)
    assert project.command("git", "merge", "ann").returncode != 0
    (project.folder / "params.yaml").write_text(params)
    project.set_params({f"models.{name}": block for name, block in blocks.items()})
    project.output("git", "restore", "--ours", "dvc.lock", "metrics")
    run = project.make("repro")
    assert run.ran == {"configure", "compare", "report"}
    assert run.cached == {"train@ann", "evaluate@ann"}
    project.commit("Both")
    assert project.make("check-lock").output == ""
