"""Commands side by side: their lines, their exit codes, and that none is left behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import processes_in, wait_until
from tools.parallel import processes
from tools.parallel.processes import Command, run_all

# Starts a process of its own, as DVC does, and says when that one is there.
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""
SLEEPER = """
import time
from pathlib import Path
Path("ready").touch()
time.sleep(60)
"""
# To be put before either.
STUBBORN = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def python(code: str, *arguments: str, label: str = "") -> Command:
    return Command([sys.executable, "-c", code, *arguments], label)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_ends_with_its_own_code_and_one_that_fails_leaves_the_others() -> None:
    codes = ["exit(0)", "exit(3)", "import os; os.kill(os.getpid(), 9)", "print('done')"]
    ended = run_all([python(code) for code in codes], at_once=2)
    assert [how.code for how in ended] == [0, 3, -signal.SIGKILL, 0]
    assert [how.lines for how in ended] == [[], [], [], ["done"]]


def test_lines_stay_whole_and_have_their_label(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import time; print(end='one '); time.sleep(0.2); print('two')"
    run_all([python(code, label="x"), python(code, label="y")], at_once=2)
    assert sorted(capsys.readouterr().out.splitlines()) == ["x | one two", "y | one two"]


def test_both_streams_are_printed_as_they_are_without_a_label(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = "import os; os.write(1, b'out\\n\\n'); os.write(2, b'err\\xff')"
    (ended,) = run_all([python(code)])
    assert ended.lines == ["out", "", "err\ufffd"]
    assert capsys.readouterr() == ("out\n\nerr\ufffd\n", "")


@pytest.mark.parametrize("at_once", [1, 2])
def test_as_many_as_asked_for_run_at_once(folder: Path, at_once: int) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "here = Path(sys.argv[1])\nhere.touch()\ntime.sleep(0.4)\n"
        "print(len(list(Path().glob('*.running'))))\nhere.unlink()\n"
    )
    ended = run_all([python(code, f"{number}.running") for number in range(4)], at_once)
    assert max(int(how.lines[0]) for how in ended) == at_once
    assert not list(folder.iterdir())


def when_ready(folder: Path, do: Callable[[], None]) -> threading.Thread:
    """Call *do* in a thread, once a command has said that it is ready."""

    def wait_and_do() -> None:
        wait_until((folder / "ready").exists)
        do()

    thread = threading.Thread(target=wait_and_do)
    thread.start()
    return thread


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def assert_only_we_are_left(folder: Path) -> None:
    # One that was killed takes a moment to be gone.
    wait_until(lambda: {process.pid for process in processes_in(folder)} == {os.getpid()}, 10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_stops_the_commands_and_what_they_started(
    folder: Path, number: int
) -> None:
    thread = when_ready(folder, lambda: send(number))
    commands = [python(PARENT, SLEEPER), python(SLEEPER), python("print('never')")]
    with pytest.raises(KeyboardInterrupt):
        run_all(commands, at_once=2)
    thread.join()
    assert_only_we_are_left(folder)


def test_what_takes_no_notice_is_killed_after_a_while(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.2)
    thread = when_ready(folder, lambda: send(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run_all([python(STUBBORN + PARENT, SLEEPER)])
    thread.join()
    assert_only_we_are_left(folder)


def test_a_second_interruption_kills_at_once(folder: Path) -> None:
    def interrupt_twice() -> None:
        send(signal.SIGINT)
        time.sleep(0.3)
        send(signal.SIGINT)

    thread = when_ready(folder, interrupt_twice)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_all([python(STUBBORN + SLEEPER)])
    thread.join()
    assert time.monotonic() - started < processes.GRACE_SECONDS / 2
    assert_only_we_are_left(folder)
