"""What the workflows say, compared with rules for their safety and with the project."""

import re
import tomllib
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


@pytest.mark.parametrize("name", TEXTS)
def test_a_workflow_is_safe(name: str) -> None:
    workflow = parsed(TEXTS[name])
    uses = [line.strip() for line in TEXTS[name].splitlines() if "uses:" in line]
    assert [use for use in uses if not PINNED.match(use)] == []
    # No trigger reaches secrets, and no job may do more than it says.
    assert set(workflow["on"]) <= TRIGGERS
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert "timeout-minutes" in job
        # From a fork, a pull request writes nothing.
        assert "write" not in job["permissions"].values() or NOT_A_FORK in job["if"]
        # A secret is for one step, and for none of a third party.
        secrets = [value for value in job.get("env", {}).values() if "secrets." in value]
        assert [value for value in secrets if not IS_THERE.fullmatch(value)] == []
        for step in job["steps"]:
            assert "secrets." not in str(step.get("with"))
            # Text of others would become a command.
            assert "${{" not in step.get("run", "")
            if "/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] == "false"


def test_checks_run_on_every_python_the_project_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (limits,) = re.findall(r"^>=3\.(\d+),<3\.(\d+)$", project["requires-python"])
    job = parsed(TEXTS["checks.yml"])["jobs"]["checks"]
    assert job["strategy"]["matrix"]["python"] == [f"3.{n}" for n in range(*map(int, limits))]


def test_whatever_a_stage_reads_from_git_starts_the_pipeline() -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    stages = re.findall(r"^ +- ((?:stages|requirements)\S+)$", text, re.MULTILINE)
    assert len(stages) > 10
    events = parsed(TEXTS["pipeline.yml"])["on"]
    patterns = events["push"]["paths"]
    assert events["pull_request"]["paths"] == patterns
    for path in {*stages, "params.yaml", "dvc.yaml", "dvc.lock"}:
        assert any(fnmatch(path, pattern) for pattern in patterns), path
    assert not any(fnmatch("README.md", pattern) for pattern in patterns)
