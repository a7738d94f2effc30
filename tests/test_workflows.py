"""What the workflows say, compared with rules for their safety and with the project."""

import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml

from tests import ROOT

TEXTS = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / ".github/workflows").iterdir()
}
# To these GitHub gives neither secrets nor a token that may write, when they come from a fork.
TRIGGERS = {"push", "pull_request", "workflow_dispatch"}
PINNED = re.compile(r"(- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
NOT_A_FORK = "github.event.pull_request.head.repo.full_name == github.repository"
IS_THERE = re.compile(r"\$\{\{ secrets\.\w+ != '' \}\}")


def parsed(text: str) -> dict[str, Any]:
    """Return a workflow's content; every value is text, and the key ``on`` is no boolean."""
    content: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - text alone
    return content


def problems(text: str) -> Iterator[str]:
    """Yield what is unsafe in a workflow, in a few words each."""
    uses = [line.strip() for line in text.splitlines() if "uses:" in line]
    yield from ("not pinned by a commit and its version" for use in uses if not PINNED.match(use))
    workflow = parsed(text)
    yield from (f"{trigger} may reach secrets" for trigger in set(workflow["on"]) - TRIGGERS)
    if workflow.get("permissions") != {}:
        yield "permissions for every job"
    for job in workflow["jobs"].values():
        if "timeout-minutes" not in job:
            yield "no time limit"
        if "write" in job["permissions"].values() and NOT_A_FORK not in job.get("if", ""):
            yield "a pull request from a fork would write"
        if any("secrets." in v and not IS_THERE.fullmatch(v) for v in job.get("env", {}).values()):
            yield "a secret for every step"
        for step in job["steps"]:
            given = step.get("with", {})
            if "${{" in step.get("run", ""):
                yield "text of others may become a command"
            if "secrets." in str(given):
                yield "a secret for a third party"
            if "/checkout@" in step.get("uses", "") and given["persist-credentials"] != "false":
                yield "the token stays in .git/config"


@pytest.mark.parametrize("name", TEXTS)
def test_a_workflow_is_safe(name: str) -> None:
    assert list(problems(TEXTS[name])) == []


def test_checks_run_on_every_python_the_project_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (limits,) = re.findall(r"^>=3\.(\d+),<3\.(\d+)$", project["requires-python"])
    job = parsed(TEXTS["checks.yml"])["jobs"]["checks"]
    assert job["strategy"]["matrix"]["python"] == [f"3.{n}" for n in range(*map(int, limits))]


@pytest.mark.parametrize("event", ["push", "pull_request"])
def test_whatever_a_stage_reads_from_git_starts_the_pipeline(event: str) -> None:
    stages = re.findall(
        r"^ +- ((?:stages|requirements)\S+)$", (ROOT / "dvc.yaml").read_text(), re.M
    )
    assert len(stages) > 10
    patterns = parsed(TEXTS["pipeline.yml"])["on"][event]["paths"]
    for path in {*stages, "params.yaml", "dvc.yaml", "dvc.lock"}:
        assert any(fnmatch(path, pattern) for pattern in patterns), path
    assert not any(fnmatch("README.md", pattern) for pattern in patterns)
