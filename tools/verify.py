"""Remove every damaged file from DVC's cache, here and in the remote: ``python -m tools.verify``.

DVC trusts a read-only file in its cache, or in a remote that is a folder, without checking it; so
damage spreads with each checkout and pull, and is never repaired. `make verify` runs this, then
`make repro`, which gets or computes what is missing now, then `dvc push`.
"""

import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.output import Output
from dvc.repo import Repo
from dvc.rwlock import rwlock
from dvc.utils.serialize import load_yaml, modify_yaml
from dvc_data.hashfile.db import HashFileDB, get_index
from dvc_data.hashfile.hash import file_md5
from dvc_data.hashfile.state import StateNoop

from stages.common.command import run
from stages.common.errors import StageError
from tools.store import dvc_errors, message, opened

# How DVC names a file of its cache; it ends with .tmp while it is being written.
OBJECT = re.compile(r"([0-9a-f]{32})(\.dir)?")
# A file that has not been written to for so long is not being written.
HOUR = 3600


def main(what: str = "all") -> None:
    """Remove what is damaged, with a line for each; restore what is undamaged.

    For *what* being "remote", only fail if there is no default remote or nothing in it: `dvc push`
    would make a folder that is not mounted.
    """
    if what == "remote":
        with opened() as repo, suppress(Exception):  # each kind of remote has its own errors
            remote = repo.cloud.get_remote_odb()
            sys.exit(not remote.fs.exists(remote.path))
        sys.exit(1)
    with dvc_errors(), opened() as repo:
        outs = [out for out in repo.index.outs if out.use_cache and out.hash_info]
        # The locks that DVC takes for a stage: no stage may be using these files.
        paths = [out.fs_path for out in outs]
        with rwlock(repo.tmp_dir, repo.fs, "make verify", [], paths, hardlink=False):
            line = ""
            for line in damages(repo, outs):
                print(line, flush=True)
            if not line:
                anew = "`dvc repro --force --single-item STAGE`"
                print(f"No damaged files. If a stage finds one all the same: {anew}.")


def damages(repo: Repo, outs: list[Output]) -> Iterator[str]:
    """Yield a line for each file or folder that is damaged, once it is removed."""
    cache = repo.cache.local
    yield from clean(cache)
    for file in Path(repo.cache.legacy.path).rglob("*.tmp"):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < time.time() - HOUR:
                file.unlink()
                yield f"left behind, removed: {file}"
    yield from forget_doubtful(repo)
    # DVC remembers hashes by times and sizes, which damage need not change.
    cache.state = StateNoop()
    for out in outs:
        # Where the cache is linked to, what was removed from it leaves links to nothing.
        path = Path(out.fs_path)
        links = (file for file in (path, *path.rglob("*")) if file.is_symlink())
        if any(not file.exists() for file in links) or (out.exists and out.changed_checksum()):
            out.remove()
            yield f"not what dvc.lock says, removed: {out}"
        # What is undamaged in one of the two places is copied to the other.
        in_cache = not out.changed_cache()
        if out.exists and not in_cache:
            out.commit(relink=False)
        elif in_cache and not out.exists:
            out.checkout()
    if name := repo.config["core"].get("remote"):
        print(f"Checking every file in the remote '{name}'.", flush=True)
        try:
            remote = repo.cloud.get_remote_odb(name)
            if not remote.fs.exists(remote.path):
                yield f"There is nothing in the remote '{name}', so nothing is pushed there."
            yield from clean(remote)
            # DVC remembers what it has seen there.
            with closing(get_index(remote)) as index:
                index.clear()
        # Each kind of remote has its own errors.
        except Exception as error:
            yield f"The remote '{name}' cannot be checked: {message(error)}."


def clean(objects: HashFileDB) -> Iterator[str]:
    """Remove the files of a cache or remote whose content does not match their name."""
    if not objects.fs.CAN_TRAVERSE:
        raise StageError(f"{objects.fs.protocol} cannot list its files")
    if not objects.fs.exists(objects.path):
        return
    for path in objects.fs.find(objects.path):
        oid = OBJECT.fullmatch("".join(objects.fs.parts(path)[-2:]))
        if oid and file_md5(path, objects.fs) != oid[1]:
            try:
                objects.fs.remove(path)
            except PermissionError:
                yield f"damaged, and not yours to remove: {path}"
            else:
                yield f"damaged, removed: {path}"


def forget_doubtful(repo: Repo) -> Iterator[str]:
    """Forget the data of which the run-cache has two versions for the same inputs.

    Where the list of a folder's files was wrong, DVC may have restored a wrong folder and recorded
    that. Data are the same on every run, so one of the two is wrong; they are made anew.
    """
    doubtful: set[str] = set()
    for key in Path(repo.stage_cache.cache_dir).glob("*/*"):
        outs = set()
        for path in key.glob("*"):
            try:
                outs |= {(out["path"], out["md5"]) for out in load_yaml(str(path))["outs"]}
            except (DvcException, KeyError, TypeError):
                path.unlink()
                yield f"damaged, removed: {path}"
            except OSError:
                continue  # it is a folder, and not DVC's
        paths = [path for path, _ in outs if path.startswith("data/")]
        if len(paths) > len(set(paths)):
            shutil.rmtree(key)
            doubtful |= set(paths)
    if doubtful:
        with modify_yaml("dvc.lock") as lock:
            for name, stage in [*lock["stages"].items()]:
                if any(out["path"] in doubtful for out in stage["outs"]):
                    del lock["stages"][name]
                    yield f"has two results of the same inputs, will run anew: {name}"


if __name__ == "__main__":
    run(main)
