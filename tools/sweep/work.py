"""What runs on a node: pieces of a trial, each in a clone of its own. Imports nothing of ours.

Ray sends these functions to the nodes, which need the environment but no checkout.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

LAST_LINES = 5
# How often a thing is tried that may go well another time, 1, 2, 4, ... s apart.
TRIES = 5
# DVC says this where another process, in search of an entry of the run-cache, took the one that was
# just being written for damaged, and removed it.
REMOVED = re.compile(r"No such file or directory: '.*/runs/.*\.tmp'")


@dataclass(frozen=True)
class Source:
    """Where the project comes from, and where what is computed goes.

    *git* is a path or an address that every node reaches; *name* and *email* are who commits. On
    one machine *cache* is the user's own DVC cache, so that nothing needs to be copied; else each
    node has one of its own, and *remote* holds the settings of the DVC remote that they share by.
    *checkpoints* is a folder that every node reaches, if there is one.
    """

    git: str
    commit: str
    name: str
    email: str
    cache: str | None = None
    remote: Mapping[str, str] | None = None
    checkpoints: str | None = None

    def reference(self, experiment: str) -> str:
        """Return the Git reference by which DVC finds an experiment from this commit."""
        return f"refs/exps/{self.commit[:2]}/{self.commit[2:]}/{experiment}"


@dataclass(frozen=True)
class Outcome:
    """How a piece of work ended: without lines it succeeded.

    What is *lost* failed by a machine or a network, so that it may go well another time.
    """

    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    lost: bool = False


class Failed(Exception):  # noqa: N818
    """A command failed; these are its last lines."""


class Unreachable(Failed):
    """A command over a network failed as often as it was tried."""


def compute(
    source: Source, overrides: Sequence[str], stages: Sequence[str], key: str, *before: Outcome
) -> Outcome:
    """Run *stages* with params.yaml changed by *overrides*; what they write is in DVC's cache then.

    *key* names their checkpoints. If one of *before* failed, this fails with it.
    """

    def act(clone: Clone) -> None:
        from dvc.utils.hydra import apply_overrides  # noqa: PLC0415 - on the node, not the driver

        apply_overrides(clone.folder / "params.yaml", list(overrides))
        clone.dvc("repro", *stages)
        clone.share(*stages)

    return _in_clone(source, key, before, act)


def experiment(source: Source, overrides: Sequence[str], name: str, *before: Outcome) -> Outcome:
    """Run the experiment *name*, for which everything that takes long has been computed before."""

    def act(clone: Clone) -> None:
        settings = [word for override in overrides for word in ("-S", override)]
        clone.dvc("exp", "run", "--name", name, *settings)
        clone.share()
        clone.give(name)

    return _in_clone(source, name, before, act)


def _in_clone(
    source: Source, key: str, before: Sequence[Outcome], act: Callable[["Clone"], None]
) -> Outcome:
    """Return how *act* ended in a new clone."""
    if failed := [outcome for outcome in before if outcome.lines]:
        return failed[0]
    started = time.monotonic()
    lines, lost = [], False
    try:
        with cloned(source) as clone:
            if source.checkpoints:
                # Kept until all has succeeded.
                shared = Path(source.checkpoints) / key
                shared.mkdir(parents=True, exist_ok=True)
                (clone.folder / ".checkpoints").symlink_to(shared)
            act(clone)
            if source.checkpoints:
                shutil.rmtree(shared, ignore_errors=True)
    except (Failed, OSError) as error:
        lines, lost = str(error).splitlines(), type(error) is not Failed
    return Outcome(lines, time.monotonic() - started, lost)


@dataclass
class Clone:
    """A clone of the project, the commands run there, and the *guard* that is told of them."""

    folder: Path
    source: Source
    guard: IO[str] | None = None

    def run(self, *command: str) -> str:
        """Return what a command prints, run here as :func:`run` does."""
        programs = str(Path(sys.executable).parent)
        variables = {
            **os.environ,
            "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
            "DVC_NO_ANALYTICS": "1",
            # Would push to another place, and only warn if it cannot.
            "DVC_EXP_AUTO_PUSH": "false",
            # DVC's databases are none for several at once.
            "DVC_SITE_CACHE_DIR": str(self.folder.with_name("site")),
        }
        return run(command, self.folder, variables, self.guard)

    def dvc(self, *words: str) -> None:
        """Run a command of DVC's, again where another process has removed what it was writing.

        It fetches what others have computed.
        """
        pull = ["--pull"] if self.source.remote else []
        patiently(lambda: self.run("dvc", *words, *pull), only=REMOVED)

    def share(self, *stages: str) -> None:
        """Send what *stages*, or else all, have written to the DVC remote, if there is one."""
        if self.source.remote:
            patiently(lambda: self.run("python", "-m", "tools.ci.push", *stages))

    def give(self, name: str) -> None:
        """Send the experiment to the repository that the clone is from.

        This is what `dvc exp push` does as well; Git itself takes a user's own ways to log in.
        """
        reference, git = self.source.reference(name), self.source.git

        def push() -> None:
            try:
                self.run("git", "push", "--quiet", "--no-verify", git, f"{reference}:{reference}")
            except Failed:
                # Of two attempts the first to end counts. They are two if a node was lost right
                # after its last step, or only its network was.
                if reference not in self.run("git", "ls-remote", git, reference):
                    raise

        patiently(push)


@contextmanager
def cloned(source: Source, tries: int = TRIES) -> Iterator[Clone]:
    """Give a clone at the source's commit, on this node's own disk, and remove it afterwards.

    So often is tried to reach the repository.

    Raises:
        Failed: there is no such repository, or it does not have the commit.
    """
    place = Path(mkdtemp(prefix="sweep-"))
    folder = place / "project"
    # The objects of a repository on this machine are neither copied nor linked one by one.
    clone = ["git", "clone", "--quiet", "--no-checkout", "--shared", source.git, str(folder)]
    user = ["--config", f"user.name={source.name}", "--config", f"user.email={source.email}"]
    try:
        patiently(lambda: run([*clone, *user]), tries)
        run(["git", "checkout", "--quiet", "--detach", source.commit], folder)
        _configure(folder, source)
        # What is run ends with this process, however that ends.
        command = [sys.executable, "-m", "tools.sweep.guard", str(place)]
        with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, text=True) as guard:
            yield Clone(folder, source, guard.stdin)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _configure(folder: Path, source: Source) -> None:
    """Write DVC's configuration for a clone: what is computed goes where all trials find it."""
    from configobj import ConfigObj  # noqa: PLC0415 - as DVC reads and writes it

    path = folder / ".dvc/config.local"
    config = ConfigObj(str(path), encoding="utf-8")
    config["cache"] = {"type": "reflink,hardlink,copy"}
    if source.cache:
        config["cache"]["dir"] = source.cache
    if source.remote:
        config["core"] = {"remote": "sweep"}
        config['remote "sweep"'] = dict(source.remote)
        # A node's trials share what is large. Not the run-cache: DVC writes all of it anew
        # whenever it comes from the remote, while others would read it.
        caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        shared = caches / "cached-mnist-pipeline" / "sweep"
        shared.mkdir(parents=True, exist_ok=True)
        (folder / ".dvc/cache").mkdir()
        (folder / ".dvc/cache/files").symlink_to(shared)
    # It may hold a password.
    path.touch(0o600)
    config.write()
    # Git takes a link for a file, which .gitignore does not name.
    with (folder / ".git/info/exclude").open("a", encoding="utf-8") as file:
        file.write("/.checkpoints\n")


def patiently(
    act: Callable[[], object], tries: int = TRIES, only: re.Pattern[str] | None = None
) -> object:
    """Call *act* until it succeeds; networks fail, and who pushes at once meets others' locks.

    A failure that is not *only* one of these is raised as it is.

    Raises:
        Unreachable: it never did.
    """
    for attempt in range(tries):
        try:
            return act()
        except Failed as error:
            if only and not only.search(str(error)):
                raise
            if attempt == tries - 1:
                raise Unreachable(str(error)) from None
            time.sleep(2**attempt)
    return None


def run(
    command: Sequence[str],
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    guard: IO[str] | None = None,
) -> str:
    """Return what a command prints, which runs in a process group of its own.

    The *guard* is told which that is, and 0 when it has ended.

    Raises:
        Failed: it failed.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        if guard:
            print(process.pid, file=guard, flush=True)
        printed, _ = process.communicate()
    if guard:
        print(0, file=guard, flush=True)
    if process.returncode != 0:
        lines = [line for line in printed.splitlines() if line.strip()]
        raise Failed("\n".join(lines[-LAST_LINES:] or [f"{command[0]} failed without a word"]))
    return printed
