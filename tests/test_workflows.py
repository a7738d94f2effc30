"""What the workflows say, compared with rules for their safety and with the project."""

import re
import tomllib
from fnmatch import fnmatch

import pytest

from tests import ROOT, declared, workflows
from tests.workflows import NAMES

PIPELINE = workflows.parsed(workflows.text("pipeline.yml"))
CHECKS = workflows.parsed(workflows.text("checks.yml"))
every_workflow = pytest.mark.parametrize("name", NAMES)


@every_workflow
def test_a_workflow_is_safe(name: str) -> None:
    assert list(workflows.problems(workflows.text(name))) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (r"@[0-9a-f]{40} # v6.0.3", "@v6", "uses: actions/checkout@v6: not pinned"),
        (r" # v6.0.3", "", "not pinned"),
        ("pull_request:", "pull_request_target:", "pull_request_target: may reach secrets"),
        (r"permissions: \{\}", "permissions: write-all", "permissions: not empty"),
        ("cancel-in-progress: true", "cancel-in-progress: false", "an outdated run goes on"),
        ("    timeout-minutes: 60\n", "", "pipeline: timeout-minutes"),
        ("timeout-minutes: 60", "timeout-minutes: 90", "pipeline: timeout-minutes"),
        (" +permissions:\n +contents: read\n    env", "    env", "pipeline: permissions: missing"),
        (" && github.event.pull_request.head.*", "", "comment: permissions: a pull request from"),
        ("persist-credentials: false", "persist-credentials: true", "leaves the token"),
        ("run: make ci-repro", "run: make ${{ github.head_ref }}", "may become a command"),
        (" != '' }}", " }}", "HAS_REMOTE: a secret for every step"),
        ("path: .dvc/cache", "path: ${{ secrets.KEY }}", "a secret goes to a third party"),
    ],
)
def test_what_is_unsafe_is_named(old: str, new: str, problem: str) -> None:
    written, changes = re.subn(old, new, workflows.text("pipeline.yml"), count=1)
    assert changes == 1
    found = list(workflows.problems(written))
    assert len(found) == 1
    assert problem in found[0]


def test_an_action_has_one_version_everywhere() -> None:
    used = {
        use for name in NAMES for use in re.findall(r"uses: ([\w./-]+)@(.+)", workflows.text(name))
    }
    assert len(used) == len({action for action, _ in used})


@every_workflow
def test_steps_run_targets_of_the_makefile_and_modules_that_are_there(name: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for job in workflows.parsed(workflows.text(name))["jobs"].values():
        for command in workflows.commands(job):
            program, *words = command.split()
            if program == "make":
                assert words[0] in targets
            elif program == "python3":
                assert (ROOT / words[1].replace(".", "/")).with_suffix(".py").is_file()
            else:
                assert command == "printenv DVC_CONFIG_LOCAL > .dvc/config.local"


def test_checks_run_on_every_python_the_project_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (limits,) = re.findall(r"^>=3\.(\d+),<3\.(\d+)$", project["requires-python"])
    versions = [f"3.{minor}" for minor in range(*map(int, limits))]
    job = CHECKS["jobs"]["checks"]
    assert job["strategy"]["matrix"]["python"] == versions
    assert workflows.commands(job) == ["make setup", "make check", "make test"]


@pytest.mark.parametrize("event", ["push", "pull_request"])
def test_whatever_a_stage_reads_from_git_starts_the_pipeline(event: str) -> None:
    patterns = PIPELINE["on"][event]["paths"]
    deps = {dep for stage in declared.stages() for dep in stage.deps}
    code = {dep for dep in deps if dep.startswith("stages/")}
    for path in {*code, "params.yaml", "dvc.yaml", "dvc.lock", "requirements.txt"}:
        assert any(fnmatch(path, pattern) for pattern in patterns), path
    assert not any(fnmatch("README.md", pattern) for pattern in patterns)
