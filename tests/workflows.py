"""The workflows in .github/workflows, and what must hold for each."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests import ROOT

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.iterdir())
# To these GitHub gives neither secrets nor a token that may write, when they come from a fork.
TRIGGERS = {"push", "pull_request", "workflow_dispatch"}
PINNED = re.compile(r"(- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
NOT_A_FORK = "github.event.pull_request.head.repo.full_name == github.repository"
IS_THERE = re.compile(r"\$\{\{ secrets\.\w+ != '' \}\}")
LONGEST_MINUTES = 60


def text(name: str) -> str:
    """Return a workflow as it is written."""
    return (FOLDER / name).read_text(encoding="utf-8")


def parsed(written: str) -> dict[str, Any]:
    """Return a workflow's content; every value is text, and the key ``on`` is no boolean."""
    content: dict[str, Any] = yaml.load(written, Loader=yaml.BaseLoader)  # noqa: S506 - text alone
    return content


def commands(job: dict[str, Any]) -> list[str]:
    """Return what the steps of a job run."""
    return [step["run"] for step in job["steps"] if "run" in step]


def problems(written: str) -> Iterator[str]:
    """Yield what is wrong with a workflow, in one line each."""
    for line in written.splitlines():
        if "uses:" in line and not PINNED.fullmatch(line.strip()):
            yield f"{line.strip()}: not pinned by a commit with its version behind it"
    workflow = parsed(written)
    yield from (f"{trigger}: may reach secrets" for trigger in set(workflow["on"]) - TRIGGERS)
    if workflow.get("permissions") != {}:
        yield "permissions: not empty for jobs that ask for none"
    if workflow.get("concurrency", {}).get("cancel-in-progress") != "true":
        yield "concurrency: an outdated run goes on"
    yield from secret_problems(workflow.get("env", {}))
    for name, job in workflow["jobs"].items():
        yield from (f"{name}: {problem}" for problem in job_problems(job))


def job_problems(job: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a job."""
    if not 0 < int(job.get("timeout-minutes", 0)) <= LONGEST_MINUTES:
        yield f"timeout-minutes: not 1 to {LONGEST_MINUTES}"
    if "permissions" not in job:
        yield "permissions: missing"
    elif "write" in job["permissions"].values() and NOT_A_FORK not in job.get("if", ""):
        yield "permissions: a pull request from a fork cannot have them"
    yield from secret_problems(job.get("env", {}))
    for step in job["steps"]:
        if "${{" in step.get("run", ""):
            yield f"{step['run']}: text of others may become a command; pass it through env"
        if "secrets." in str(step.get("with", "")):
            yield f"{step['uses']}: a secret goes to a third party"
        keeps = step.get("with", {}).get("persist-credentials") != "false"
        if step.get("uses", "").startswith("actions/checkout@") and keeps:
            yield "actions/checkout: leaves the token in .git/config"


def secret_problems(variables: dict[str, str]) -> Iterator[str]:
    """Yield the variables by which every step would get a secret; whether it is there is none."""
    for name, value in variables.items():
        if "secrets." in value and not IS_THERE.fullmatch(value):
            yield f"{name}: a secret for every step"
