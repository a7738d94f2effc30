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
from dataclasses import dataclass
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

    *git* is a path or an address that every node reaches, and *prefix* the project's folder in that
    repository, if it is not all of it; *name* and *email* are the committer's.
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
    prefix: str = ""

    def reference(self, experiment: str) -> str:
        """Return the Git reference by which DVC finds an experiment from this commit."""
        return f"refs/exps/{self.commit[:2]}/{self.commit[2:]}/{experiment}"


class Failed(Exception):  # noqa: N818
    """A command failed; these are its last lines."""


class Unreachable(Failed):
    """A command over a network failed every time it was tried."""


def compute(
    source: Source, overrides: Sequence[str], stages: Sequence[str], key: str, *_: None
) -> None:
    """Run *stages* with params.yaml changed by *overrides*; their outputs go to DVC's cache.

    *key* names their checkpoints. The last argument is what this waits for.

    Raises:
        Failed: a command failed.
    """
    from dvc.utils.hydra import apply_overrides  # noqa: PLC0415 - on the node, not the driver

    with _resumable(source, key) as clone:
        apply_overrides(clone.folder / "params.yaml", list(overrides))
        clone.dvc("repro", *stages)
        clone.share(*stages)


def experiment(source: Source, overrides: Sequence[str], name: str, *_: None) -> None:
    """Run the experiment *name*; everything in it that takes long has been computed before.

    Raises:
        Failed: a command failed.
    """
    settings = [word for override in overrides for word in ("-S", override)]
    with _resumable(source, name) as clone:
        clone.dvc("exp", "run", "--name", name, *settings)
        clone.share()
        clone.give(name)


@contextmanager
def _resumable(source: Source, key: str) -> Iterator["Clone"]:
    """Yield a new clone, with the checkpoints of this *key* if they are kept anywhere."""
    with cloned(source) as clone:
        if source.checkpoints:
            # Kept until all has succeeded.
            shared = Path(source.checkpoints) / key
            shared.mkdir(parents=True, exist_ok=True)
            (clone.folder / ".checkpoints").symlink_to(shared)
        clone.restore_images()
        yield clone
        if source.checkpoints:
            shutil.rmtree(shared, ignore_errors=True)


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

    def restore_images(self) -> None:
        """Put there what the user has given to `dvc add`: no stage writes it."""
        if files := self.run("git", "ls-files", "*.dvc").splitlines():
            patiently(lambda: self.run("dvc", "pull" if self.source.remote else "checkout", *files))

    def share(self, *stages: str) -> None:
        """Push the outputs of *stages*, or else of all, to the DVC remote, if there is one."""
        if self.source.remote:
            patiently(lambda: self.run("dvc", "push", "--run-cache", *stages))

    def give(self, name: str) -> None:
        """Push the experiment to the repository that the clone is from.

        `dvc exp push` does this too, but Git itself supports all of a user's ways to log in.
        """
        # It is there already if a node, or just its network, was lost right after its last step.
        reference = self.source.reference(name)
        push = ("git", "push", "--quiet", "--no-verify", self.source.git)
        patiently(lambda: self.run(*push, f"+{reference}:{reference}"))


@contextmanager
def cloned(source: Source, tries: int = TRIES) -> Iterator[Clone]:
    """Yield a clone at the source's commit, on this node's own disk, and remove it afterwards.

    *tries* is how often to try to reach the repository.

    Raises:
        Failed: there is no such repository, or it does not have the commit.
    """
    place = Path(mkdtemp(prefix="sweep-"))
    whole = place / "project"
    folder = whole / source.prefix
    # If the repository is on this machine, its objects are neither copied nor linked one by one.
    clone = ["git", "clone", "--quiet", "--no-checkout", "--shared", source.git, str(whole)]
    user = ["--config", f"user.name={source.name}", "--config", f"user.email={source.email}"]
    try:
        patiently(lambda: run([*clone, *user]), tries)
        run(["git", "checkout", "--quiet", "--detach", source.commit], whole)
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
        caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
        caches = caches if caches.is_absolute() else Path.home() / ".cache"
        shared = caches / "cached-mnist-pipeline" / "sweep"
        shared.mkdir(parents=True, exist_ok=True)
        (folder / ".dvc/cache").mkdir()
        (folder / ".dvc/cache/files").symlink_to(shared)
    # It may hold a password.
    path.touch(0o600)
    config.write()


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
