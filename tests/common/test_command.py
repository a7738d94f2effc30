"""How a stage ends: one line and an exit code for what the user can mend."""

import subprocess
import sys

import pytest

from tests import ROOT


def run(body: str, *arguments: str, parameters: str = "*names") -> subprocess.CompletedProcess[str]:
    """Run a stage whose function ``main`` has *body*, in a process of its own."""
    program = (
        "from stages.common.command import run\n"
        "from stages.common.errors import StageError\n"
        f"def main({parameters}):\n    {body}\n"
        "run(main)\n"
    )
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_stage_gets_the_commands_arguments_and_ends_with_zero() -> None:
    done = run("print(names)", "model1", "x y")
    assert (done.returncode, done.stdout, done.stderr) == (0, "('model1', 'x y')\n", "")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("raise StageError('params.yaml: no')", "error: params.yaml: no"),
        ("open('no such file')", "error: no such file: No such file or directory"),
        ("raise OSError(28, 'No space left')", "error: the system: No space left"),
        ("raise TimeoutError('too slow')", "error: the system: too slow"),
    ],
)
def test_error_the_user_can_mend_is_one_line_and_exit_code_1(body: str, line: str) -> None:
    done = run(body)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line + "\n")


def test_interruption_is_one_line_and_exit_code_130() -> None:
    done = run("raise KeyboardInterrupt")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: run `dvc repro` again to go on\n"


def test_defect_of_ours_keeps_its_traceback() -> None:
    done = run("return 1 / 0")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("parameters", "words", "wanted"),
    [("name", [], " NAME"), ("name", ["a", "b"], " NAME"), ("", ["a"], "")],
)
def test_wrong_arguments_are_answered_with_those_wanted(
    parameters: str, words: list[str], wanted: str
) -> None:
    done = run("pass", *words, parameters=parameters)
    assert (done.returncode, done.stderr) == (1, f"usage: python -m -c{wanted}\n")
