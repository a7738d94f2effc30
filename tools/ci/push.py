"""Share results through DVC's remote: ``python -m tools.ci.push [STAGE ...]``.

`dvc push --run-cache` shares the files in dvc.lock and the list of runs, but not those results of
the runs that Git keeps. If dvc.lock and the metrics of a run are not committed, as after a run in
CI, no other clone could restore the run without them, so this shares them too.
"""

import subprocess
import sys
from pathlib import Path

import yaml
from dvc.repo import Repo
from dvc_data.hashfile.hash_info import HashInfo

from stages.common.command import run
from stages.common.errors import StageError


def main(*stages: str) -> None:
    """Push what the remote lacks of *stages*, or of all if there are none."""
    if subprocess.run(["dvc", "push", "--run-cache", *stages], check=False).returncode != 0:
        sys.exit(1)  # DVC has printed why.
    with Repo() as repo:
        runs = Path(repo.stage_cache.cache_dir).glob("*/*/*")
        written = {out["md5"] for path in runs for out in yaml.safe_load(path.read_text())["outs"]}
        # Without folders, whose names end with ".dir".
        files = {md5 for md5 in written if "." not in md5 and repo.cache.local.exists(md5)}
        if failed := repo.cloud.push({HashInfo("md5", md5) for md5 in files}).failed:
            raise StageError(f"{len(failed)} files could not be sent to DVC's remote")


if __name__ == "__main__":
    run(main)
