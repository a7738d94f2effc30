"""Checks before a sweep starts; what is wrong is reported in one line."""

import os
import socket
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import ray
from dvc.repo import Repo

from stages import params
from stages.common.errors import StageError, one_line
from tools.store import git
from tools.sweep import driver
from tools.sweep.results import STATE
from tools.sweep.settings import applied
from tools.sweep.work import Failed, Source, cloned

ANSWER_SECONDS = 5
# Ray keeps what its tasks return in memory; here that is a few lines each.
STORE_BYTES = 100 * 2**20


def source(options: Namespace) -> Source:
    """Return where nodes find the project, and where they leave what they compute.

    On this machine alone, that is this repository and its DVC cache. On a cluster, it is the Git
    remote and DVC's remote.

    Raises:
        StageError: nodes cannot get the commit, changes are not committed, or Git has no user.
    """
    # "Name <email> seconds zone"
    name, _, rest = git("var", "GIT_COMMITTER_IDENT").partition(" <")
    if not rest:
        raise StageError(
            "Git does not know who you are, and each trial is a commit; "
            'set it: git config --global user.name "..." and user.email "..."'
        )
    if git("status", "--porcelain", "."):
        raise StageError("uncommitted changes: no trial would see them; commit or stash them")
    folder = options.checkpoints or ("" if options.address else STATE / "checkpoints")
    checkpoints = str(Path(folder).absolute()) if folder else None
    email = rest.partition(">")[0]
    here, prefix, commit = (
        git("rev-parse", word) for word in ("--show-toplevel", "--show-prefix", "HEAD")
    )
    found = Source(here, commit, name, email, checkpoints=checkpoints, prefix=prefix)
    if not options.address:
        with Repo() as repo:
            return replace(found, cache=str(repo.cache.local_cache_dir))
    place = git("remote", "get-url", options.git or "origin") or options.git
    if not place:
        raise StageError("--address: nodes clone from a Git remote; add one, or give --git")
    found = replace(found, git=_absolute(place), remote=remote(options.remote))
    if not found.remote:
        raise StageError("--address: nodes share through a DVC remote; add one, or give --remote")
    try:
        with cloned(found, tries=1):
            return found
    except Failed as error:
        problem = f"{place} does not give the commit {found.commit[:9]}; push it first"
        raise StageError(f"--git: {problem} ({one_line(error)})") from None


def remote(name: str | None) -> dict[str, str]:
    """Return the settings of the DVC remote *name*, or of the default one if that is None.

    If no remote has this name, it is taken as an address. Without a default remote they are empty.
    """
    with Repo() as repo:
        config = repo.config
    found = config["remote"].get(name or config["core"].get("remote"), {})
    if name and not found:
        return {"url": _absolute(name)}
    return {key: str(value) for key, value in found.items()}


def _absolute(address: str) -> str:
    """Return *address*, made absolute if it is a folder, so that it is found from any folder."""
    return str(Path(address).absolute()) if Path(address).exists() else address


def check_search(fixed: Sequence[Sequence[str]], searched: Iterable[str]) -> None:
    """Check that a search starts from one set of settings and has its own validation images.

    Raises:
        StageError: it does not.
    """
    if len(fixed) > 1:
        raise StageError("SET: several values for one key; a search starts from one")
    for key in searched:
        if key.startswith(("data.", "split.")):
            raise StageError(f"SEARCH: {key}: accuracies on different images do not compare")
    if params.section(applied(fixed[0]), "split").get("validation_fraction") == 0:
        raise StageError(
            "split.validation_fraction is 0, so the search would choose by the test images; "
            "add split.validation_fraction=0.2 to SET"
        )


def connect(address: str | None) -> None:
    """Start Ray here, or join the cluster at *address*.

    Raises:
        StageError: nothing answers there.
    """
    # Otherwise it would send usage data to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not address:
        settings |= {"include_dashboard": False, "object_store_memory": STORE_BYTES}
        settings["num_cpus"] = joblib.cpu_count()
    try:
        # Ray itself would wait for a minute.
        host, _, port = (address or "").removeprefix("ray://").rpartition(":")
        if host and port.isdecimal():
            socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
        try:
            ray.init(address or "local", **settings)
        except ConnectionAbortedError:
            # For each client, Ray's server starts a process, which now and then does not come up.
            ray.init(address, **settings)
    # Ray has no exception class for these.
    except (OSError, RuntimeError, ValueError, AssertionError) as error:
        where = f"--address: {address}: no Ray cluster answers" if address else "Ray does not start"
        raise StageError(f"{where} ({one_line(error)[-200:]})") from None


def cores_of(options: Namespace) -> int:
    """Return how many cores one training runs on; Ray is running by then.

    Raises:
        StageError: no node has so many, or the nodes differ, and so would the results.
    """
    counts = driver.nodes()
    if not counts:
        raise StageError("--address: no node of the cluster has cores")
    most, least = max(counts), min(counts)
    if options.cores and options.cores > most:
        raise StageError(f"--cores: {options.cores} is more than any node has; use at most {most}")
    if not options.cores and most != least:
        raise StageError(
            f"--cores: nodes have {least} to {most}, and a result depends on the number; "
            f"set one for all: --cores {least}"
        )
    return options.cores or most
