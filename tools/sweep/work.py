"""What runs on a node: pieces of a trial, each in a clone of its own. Imports nothing of ours.

Ray sends these functions to the nodes, which need the environment but no checkout.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

LAST_LINES = 5
# Workers that push at once meet each other's locks.
PUSHES = 5


@dataclass(frozen=True)
class Source:
    """Where the project comes from, and where what is computed goes.

    *git* is a path or an address that every node reaches. On one machine *cache* is the user's own
    DVC cache, so that nothing needs to be copied; else each node has one of its own, and shares by
    *remote*, an address that DVC takes. *checkpoints* is a folder that every node reaches, if any.
    """

    git: str
    commit: str
    cache: str | None
    remote: str | None = None
    checkpoints: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a piece of work ended: without lines it succeeded."""

    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0


class _Failed(Exception):  # noqa: N818
    """A command's last lines."""


def compute(
    source: Source, overrides: Sequence[str], stages: Sequence[str], key: str, *before: Outcome
) -> Outcome:
    """Run *stages* with params.yaml changed by *overrides*; what they write is in DVC's cache then.

    *key* names their checkpoints. If one of *before* failed, this fails with it.
    """
    return _in_clone(source, key, before, lambda clone: clone.repro(overrides, stages))


def experiment(source: Source, overrides: Sequence[str], name: str, *before: Outcome) -> Outcome:
    """Run the experiment *name*, for which everything that takes long has been computed before."""
    return _in_clone(source, name, before, lambda clone: clone.experiment(overrides, name))


def _in_clone(source, key, before, act):  # type: ignore[no-untyped-def]
    started = time.monotonic()
    if failed := [outcome for outcome in before if outcome.lines]:
        return failed[0]
    try:
        with _clone(source, key) as clone:
            act(clone)
    except _Failed as error:
        return Outcome(str(error).splitlines(), time.monotonic() - started)
    return Outcome([], time.monotonic() - started)


class _Clone:
    """A clone of the project, and the commands run there."""

    def __init__(self, folder: Path, source: Source) -> None:
        self.folder = folder
        self.source = source

    def repro(self, overrides: Sequence[str], stages: Sequence[str]) -> None:
        """Run *stages* with params.yaml changed by *overrides*."""
        from dvc.utils.hydra import apply_overrides  # noqa: PLC0415 - on the node, not the driver

        apply_overrides(self.folder / "params.yaml", list(overrides))
        self.run("dvc", "repro", *self._pull(), *stages)
        if self.source.remote:
            self.run("dvc", "push", "--run-cache", "--quiet", *stages)

    def experiment(self, overrides: Sequence[str], name: str) -> None:
        """Run the experiment *name* and give it to the repository that the clone is from."""
        settings = [word for override in overrides for word in ("-S", override)]
        self.run("dvc", "exp", "run", *self._pull(), "--name", name, *settings)
        if self.source.remote:
            self.run("dvc", "push", "--run-cache", "--quiet")
        for attempt in range(PUSHES):
            try:
                self.run("dvc", "exp", "push", "--no-cache", self.source.git, name)
                return
            except _Failed:
                if attempt == PUSHES - 1:
                    raise
                time.sleep(2**attempt)

    def _pull(self) -> list[str]:
        return ["--pull"] if self.source.remote else []

    def run(self, *command: str) -> None:
        """Run a command to its end, and fail with its last lines if it fails."""
        guarded = [sys.executable, "-m", "tools.sweep.guard", *command]
        done = subprocess.run(
            guarded,
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if line.strip()]
            raise _Failed("\n".join(lines[-LAST_LINES:] or ["failed without a word"]))

    def _environment(self) -> dict[str, str]:
        programs = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
            "DVC_NO_ANALYTICS": "1",
            # DVC's databases are none for several at once.
            "DVC_SITE_CACHE_DIR": str(self.folder.with_name("site")),
        }


@contextmanager
def _clone(source: Source, key: str) -> Iterator[_Clone]:
    """Give a clone at the source's commit, on this node's own disk, and remove it afterwards."""
    place = Path(mkdtemp(prefix="sweep-"))
    clone = _Clone(place / "project", source)
    try:
        for command in (
            ["git", "clone", "--quiet", "--no-checkout", source.git, str(clone.folder)],
            ["git", "-C", str(clone.folder), "checkout", "--quiet", "--detach", source.commit],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise _Failed(done.stderr or "git failed without a word")
        (clone.folder / ".dvc/config.local").write_text(_config(source), encoding="utf-8")
        if source.checkpoints:
            folder = Path(source.checkpoints) / key
            folder.mkdir(parents=True, exist_ok=True)
            (clone.folder / ".checkpoints").symlink_to(folder)
            # Git takes a link for a file, which .gitignore does not name.
            with (clone.folder / ".git/info/exclude").open("a", encoding="utf-8") as file:
                file.write("/.checkpoints\n")
        yield clone
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _config(source: Source) -> str:
    """Return DVC's configuration for a clone: what is computed goes where all trials find it."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    own = caches / "cached-mnist-pipeline" / "sweep"
    lines = ["[cache]", f"dir = {source.cache or own}", "type = reflink,hardlink,copy"]
    if source.remote:
        lines += ["[core]", "remote = sweep", "['remote \"sweep\"']", f"url = {source.remote}"]
    return "\n".join(lines) + "\n"
