"""Whether a second run writes the same bytes as the committed one: ``python -m tools.reproduce``.

Clones what is committed into a throw-away folder, runs the whole pipeline there and compares
dvc.lock and the metrics. The checkout itself stays as it is.
"""

import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
import yaml

# Times, and what is made of them: what is there to read, and columns of the table of it.
TIMES = ("metrics/time/", "metrics/comparison.md", "metrics/report.html")
TABLE, COLUMNS_OF_TIMES = "metrics/comparison.csv", ["train_seconds", "note"]


def main() -> None:
    """Name the outputs that differ, a line each, and exit with 1 if there are any."""
    if git("status", "--porcelain", "--untracked-files=no"):
        print("note: changes that are not committed are left out", flush=True)
    lock, table = (git("show", f"HEAD:{path}") for path in ("dvc.lock", TABLE))
    folder = Path(mkdtemp(prefix="reproduce-"))
    project = folder / "project"
    differing: list[str] = []
    try:
        git("clone", "--quiet", ".", str(project))
        (project / "dvc.lock").unlink()
        # No settings of the user's: they may name a cache, which knows the results already.
        kinds = ("GLOBAL_CONFIG", "SYSTEM_CONFIG", "SITE_CACHE")
        own = os.environ | {f"DVC_{kind}_DIR": str(folder / kind.lower()) for kind in kinds}
        if subprocess.run(["dvc", "repro"], cwd=project, env=own, check=False).returncode != 0:
            sys.exit("error: the second run failed; its own words stand above")
        differing = differences(project, lock, table)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if not differing:
            shutil.rmtree(folder)
    if differing:
        first = f"error: the second run differs from the committed one; it is kept in {folder}"
        sys.exit("\n".join([first, *differing]))


def git(*words: str) -> str:
    """Return what ``git`` with these *words* prints; exit if it fails."""
    # Git's own file of what it has looked at stays as it is, too.
    command = ["git", "--no-optional-locks", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)  # Git has said why.
    return done.stdout


def differences(project: Path, lock: str, table: str) -> list[str]:
    """Return the outputs that differ in more than times; print how many are the same.

    *project* is where the second run was; *lock* and *table* are what was committed.
    """
    new = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    # DVC keeps what a model that was removed had written.
    old = {name: stage for name, stage in yaml.safe_load(lock)["stages"].items() if name in new}
    before, after = (
        {(out["path"], out["md5"]) for stage in stages.values() for out in stage["outs"]}
        for stages in (old, new)
    )
    changed = {path for path, _ in before ^ after}
    timed = {path for path in changed if path.startswith(TIMES)}
    first, second = (pd.read_csv(text, dtype=str) for text in (StringIO(table), project / TABLE))
    if first.drop(columns=COLUMNS_OF_TIMES).equals(second.drop(columns=COLUMNS_OF_TIMES)):
        timed |= changed & {TABLE}
    if changed == timed:
        print(f"the same bytes: {len(before)} outputs, but for the times in {len(timed)} of them")
    return sorted(changed - timed)


if __name__ == "__main__":
    main()
