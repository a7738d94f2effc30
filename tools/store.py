"""Git, and DVC's cache and its remote, for the tools that look into them."""

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dvc.config import Config
from dvc.exceptions import DownloadError, DvcException, PrettyDvcException
from dvc.logger import set_loggers_level
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import plan_repro
from dvc.stage import Stage

from stages import params
from stages.common.errors import StageError, one_line


def git(*words: str) -> str:
    """Return what Git prints, or nothing if it fails."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def opened() -> Iterator[Repo]:
    """Yield the project as DVC sees it, locked; close it at the end.

    DVC's warnings are off meanwhile: they would list the hashes of what it does not find.
    """
    config = Config.from_cwd()
    # By default, DVC trusts a read-only file in a remote that is a folder.
    checked = {"verify": True} if config["core"].get("remote") in config["remote"] else None
    with Repo(remote_config=checked) as repo, lock_repo(repo), set_loggers_level(logging.ERROR):
        logging.getLogger("dvc_data").setLevel(logging.CRITICAL)
        yield repo


@contextmanager
def dvc_errors() -> Iterator[None]:
    """End with DVC's own words at an error of DVC's, as its commands do.

    Raises:
        StageError: an error for which DVC has one line.
    """
    try:
        yield
    except PrettyDvcException as error:
        with suppress(ValueError):  # where it cannot show the line
            error.__pretty_exc__()
            sys.exit(1)
        raise StageError(one_line(error)) from None
    except DvcException as error:
        raise StageError(one_line(error)) from None


def check_readable() -> None:
    """Fail at a params.yaml, dvc.yaml or dvc.lock of which DVC's listings only warn.

    Raises:
        StageError: what is wrong in one of them, if that is one line; DVC prints more.
    """
    params.section(params.read(), "models")
    with dvc_errors(), Repo() as repo:
        if all(stage.is_data_source for stage in repo.index.stages):
            raise StageError("dvc.yaml: there is no stage in it")


def incomplete_stages(repo: Repo) -> list[Stage]:
    """Return the stages that would run only because outputs are missing."""
    graph = repo.index.graph
    return [
        stage
        for stage in plan_repro(graph)
        if missing([stage])
        and not stage.changed_stage()
        and not stage.changed_deps(allow_missing=True, upstream=list(graph.successors(stage)))
        # What a user has changed is not overwritten. Of what Git keeps, `dvc repro` does that.
        and not any(
            "modified" in out.workspace_status().values() for out in stage.outs if out.use_cache
        )
    ]


def missing(stages: list[Stage]) -> list[Output]:
    """Return the outputs that the working tree lacks, or the cache if DVC keeps them there.

    What Git keeps, DVC restores from the cache as well. Unlike DVC's own `status`, this does not
    ask a remote.
    """

    def is_there(out: Output) -> bool:
        places = (out.exists, out.cache.exists(out.hash_info.value))
        return all(places) if out.use_cache else any(places)

    return [out for stage in stages for out in stage.outs if out.hash_info and not is_there(out)]


def get(repo: Repo, stages: list[Stage]) -> bool:
    """Restore the missing outputs of *stages* from the cache or the remote.

    Return whether there is a remote that can be read; if it cannot, print why.
    """
    names = [stage.addressing for stage in stages]
    readable = False
    if name := repo.config["core"].get("remote"):
        try:
            remote = repo.cloud.get_remote()
            place = f"the remote '{name}' ({message(repo.config['remote'][name]['url'])})"
            print(f"Missing outputs: {len(missing(stages))}; looking in {place}.", flush=True)
            readable = remote.fs.exists(remote.path)
            if not readable:
                print(f"There is nothing at {place}; what is missing is computed here.")
            elif names:
                with suppress(DownloadError):
                    repo.fetch(names)
        # Each kind of remote has its own errors.
        except Exception as error:
            readable = False
            print(
                f"The remote '{name}' cannot be used: {message(error)}. "
                "What is missing is computed here."
            )
            # The checkout would use it too.
            del repo.config["core"]["remote"]
    if names:
        repo.checkout(names, allow_missing=True)
    return readable


def message(what: object) -> str:
    """Return a URL or an error's message in one line, without a full stop, user or password."""
    line = (str(what) or type(what).__name__).splitlines()[0]
    return re.sub(r"(?<=://)[^/\s]*@", "", line).rstrip(".")
