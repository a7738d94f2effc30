"""How a stage ends: one line and an exit code for what the user can put right."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT


def start(folder: Path, body: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a stage whose function ``main`` has *body*, in a process of its own."""
    program = (
        f"import sys; sys.path.append({str(ROOT)!r})\n"
        "from stages.common.command import run\n"
        "from stages.common.errors import StageError\n"
        f"def main(*names):\n    {body}\n"
        "run(main)\n"
    )
    command = [sys.executable, "-c", program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def run(folder: Path, body: str, *arguments: str) -> tuple[int, str, str]:
    """Return the exit code of such a stage, and what it wrote on its two streams."""
    with start(folder, body, *arguments) as process:
        output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("raise StageError('params.yaml: no')", 1, "error: params.yaml: no"),
        ("open('no such file')", 1, "error: no such file: No such file or directory"),
        ("raise OSError(28, 'No space left')", 1, "error: the system: No space left"),
        ("raise TimeoutError('too slow')", 1, "error: the system: too slow"),
        ("raise KeyboardInterrupt", 130, "interrupted: run `dvc repro` again to continue"),
    ],
)
def test_what_a_user_can_mend_is_one_line(tmp_path: Path, body: str, code: int, line: str) -> None:
    assert run(tmp_path, body) == (code, "", line + "\n")


def test_what_the_terminals_encoding_lacks_is_printed_as_an_escape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    body = r"print('\u732b'); raise StageError('\xe9')"
    assert run(tmp_path, body) == (1, "\\u732b\n", "error: \\xe9\n")


def test_another_python_than_the_environments_is_told_in_one_line() -> None:
    # Without site-packages.
    words = [sys.executable, "-S", "-m", "stages.fetch"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: this Python lacks the project's packages: run `. .venv/")
    assert done.stderr.count("\n") == 1


def test_a_defect_of_ours_keeps_its_traceback(tmp_path: Path) -> None:
    code, _, errors = run(tmp_path, "return 1 / 0")
    assert code == 1
    assert errors.startswith("Traceback")
    assert errors.endswith("ZeroDivisionError: division by zero\n")


def test_a_stage_that_outlived_dvc_keeps_a_second_away_until_it_is_killed(tmp_path: Path) -> None:
    body = "print('here', flush=True); sys.stdin.read()"
    with start(tmp_path, body, "model3") as first:
        assert first.stdout
        first.stdout.readline()
        error = (
            f"error: `python -m -c model3` is already running here (process {first.pid}); "
            "wait for it or stop it\n"
        )
        assert run(tmp_path, "pass", "model3") == (1, "", error)
        assert run(tmp_path, "pass", "model2") == (0, "", "")
        first.kill()
    assert run(tmp_path, "pass", "model3") == (0, "", "")
