"""What runs on a node: pieces of a trial, each in its own clone. Imports no module of ours.

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
# How often to try what may succeed another time, 1, 2, 4, ... s apart.
TRIES = 5
# DVC's error if another process, looking for an entry of the run-cache, took the one that was being
# written for a damaged one and removed it.
REMOVED = re.compile(r"No such file or directory: '.*/runs/.*\.tmp'")


@dataclass(frozen=True)
class Source:
    """Where the project comes from, and where what is computed goes.

    *git* is a path or an address that every node reaches; *name* and *email* are the committer's.
    On one machine, *cache* is the user's own DVC cache, so that nothing needs to be copied.
    Otherwise each node has its own, and *remote* holds the settings of the DVC remote that they
    share through. *checkpoints* is a folder that every node reaches, if there is one.
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

    If it is *lost*, a machine or a network failed, so it may succeed another time.
    """

    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    lost: bool = False


class Failed(Exception):  # noqa: N818
    """A command failed; these are its last lines."""


class Unreachable(Failed):
    """A command over a network failed every time it was tried."""


def compute(
    source: Source, overrides: Sequence[str], stages: Sequence[str], key: str, *before: Outcome
) -> Outcome:
    """Run *stages* with params.yaml changed by *overrides*; their outputs go to DVC's cache.

    *key* names their checkpoints. If one of *before* failed, this fails with it.
    """

    def act(clone: Clone) -> None:
        from dvc.utils.hydra import apply_overrides  # noqa: PLC0415 - on the node, not the driver

        apply_overrides(clone.folder / "params.yaml", list(overrides))
        clone.dvc("repro", *stages)
        clone.share(*stages)

    return _in_clone(source, key, before, act)


def experiment(source: Source, overrides: Sequence[str], name: str, *before: Outcome) -> Outcome:
    """Run the experiment *name*; everything in it that takes long has been computed before."""

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
    """A clone of the project, the commands run there, and the *guard* that hears of them."""

    folder: Path
    source: Source
    guard: IO[str] | None = None

    def run(self, *command: str) -> str:
        """Run a command here, by :func:`run`, and return what it prints."""
        programs = str(Path(sys.executable).parent)
        variables = {
            **os.environ,
            "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
            "DVC_NO_ANALYTICS": "1",
            # It would push elsewhere, and only warn if that fails.
            "DVC_EXP_AUTO_PUSH": "false",
            # Several processes cannot share DVC's databases.
            "DVC_SITE_CACHE_DIR": str(self.folder.with_name("site")),
        }
        return run(command, self.folder, variables, self.guard)

    def dvc(self, *words: str) -> None:
        """Run a DVC command, and again if another process has removed what it was writing.

        It fetches what others have computed.
        """
        pull = ["--pull"] if self.source.remote else []
        patiently(lambda: self.run("dvc", *words, *pull), only=REMOVED)

    def share(self, *stages: str) -> None:
        """Push the outputs of *stages*, or else of all, to the DVC remote, if there is one."""
        if self.source.remote:
            patiently(lambda: self.run("python", "-m", "tools.ci.push", *stages))

    def give(self, name: str) -> None:
        """Push the experiment to the repository that the clone is from.

        `dvc exp push` does this too, but Git itself supports all of a user's ways to log in.
        """
        reference, git = self.source.reference(name), self.source.git

        def push() -> None:
            try:
                self.run("git", "push", "--quiet", "--no-verify", git, f"{reference}:{reference}")
            except Failed:
                # The first of two attempts to end counts. There are two if a node, or just its
                # network, was lost right after its last step.
                if reference not in self.run("git", "ls-remote", git, reference):
                    raise

        patiently(push)


@contextmanager
def cloned(source: Source, tries: int = TRIES) -> Iterator[Clone]:
    """Yield a clone at the source's commit, on this node's own disk, and remove it afterwards.

    *tries* is how often to try to reach the repository.

    Raises:
        Failed: there is no such repository, or it does not have the commit.
    """
    place = Path(mkdtemp(prefix="sweep-"))
    folder = place / "project"
    # If the repository is on this machine, its objects are neither copied nor linked one by one.
    clone = ["git", "clone", "--quiet", "--no-checkout", "--shared", source.git, str(folder)]
    user = ["--config", f"user.name={source.name}", "--config", f"user.email={source.email}"]
    try:
        patiently(lambda: run([*clone, *user]), tries)
        run(["git", "checkout", "--quiet", "--detach", source.commit], folder)
        _configure(folder, source)
        # All commands end with this process, however that ends.
        command = [sys.executable, "-m", "tools.sweep.guard", str(place)]
        with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, text=True) as guard:
            yield Clone(folder, source, guard.stdin)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _configure(folder: Path, source: Source) -> None:
    """Write DVC's configuration for a clone: results go where all trials find them."""
    from configobj import ConfigObj  # noqa: PLC0415 - as DVC reads and writes it

    path = folder / ".dvc/config.local"
    config = ConfigObj(str(path), encoding="utf-8")
    config["cache"] = {"type": "reflink,hardlink,copy"}
    if source.cache:
        config["cache"]["dir"] = source.cache
    if source.remote:
        config["core"] = {"remote": "sweep"}
        config['remote "sweep"'] = dict(source.remote)
        # A node's trials share the large files, but not the run-cache: DVC rewrites all of it
        # whenever it comes from the remote, even while others read it.
        caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        shared = caches / "cached-mnist-pipeline" / "sweep"
        shared.mkdir(parents=True, exist_ok=True)
        (folder / ".dvc/cache").mkdir()
        (folder / ".dvc/cache/files").symlink_to(shared)
    # It may hold a password.
    path.touch(0o600)
    config.write()
    # To Git a link is a file, and .gitignore names only the folder.
    with (folder / ".git/info/exclude").open("a", encoding="utf-8") as file:
        file.write("/.checkpoints\n")


def patiently(
    act: Callable[[], object], tries: int = TRIES, only: re.Pattern[str] | None = None
) -> object:
    """Call *act* until it succeeds: networks fail, and simultaneous pushes meet others' locks.

    With *only*, a failure that does not match it is raised at once.

    Raises:
        Unreachable: it never succeeded.
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
    """Run a command in its own process group, and return what it prints.

    The *guard* gets the number of the group, and 0 when the command has ended.

    Raises:
        Failed: the command failed.
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
        raise Failed("\n".join(lines[-LAST_LINES:] or [f"{command[0]} failed and printed nothing"]))
    return printed
