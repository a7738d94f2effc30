"""Check that a second run writes the same bytes as the committed one: `python -m tools.reproduce`.

Clones what is committed into a temporary folder, runs the whole pipeline there and compares
dvc.lock and the metrics. The checkout itself is not changed.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
import yaml

from tools.store import git

# Times, and what is made from them: files for people to read, and columns of the table.
TIMES = ("metrics/time/", "models/metrics/train/", "metrics/comparison.md", "metrics/report.html")
TABLE, COLUMNS_OF_TIMES = "metrics/comparison.csv", ["train_seconds", "note"]


def main() -> None:
    """Name the outputs that differ, a line each, and exit with 1 if there are any."""
    if git("status", "--porcelain", "--untracked-files=no", "."):
        print("note: uncommitted changes are left out", flush=True)
    clone = Path(mkdtemp(prefix="reproduce-"))
    project = clone / git("rev-parse", "--show-prefix")
    differing: list[str] = []
    try:
        place = git("rev-parse", "--show-toplevel")
        subprocess.run(["git", "clone", "--quiet", place, clone], check=True)
        before = results(project)
        (project / "dvc.lock").unlink()
        # The user's settings may name a cache that already has the results.
        subprocess.run(["dvc", "repro", "--no-run-cache"], cwd=project, check=True)
        after = results(project)
        # DVC keeps the outputs of a removed model in dvc.lock: only the first run has these.
        differing = sorted(path for path in after if after[path] != before.get(path))
    except subprocess.CalledProcessError:
        sys.exit("error: the second run failed; its own error is above")
    except OSError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if not differing:
            shutil.rmtree(clone)
    if differing:
        first = f"error: the second run differs from the committed one; it is kept in {project}"
        sys.exit("\n".join([first, *differing]))
    print(f"the same bytes: {len(after)} outputs, except for the times in them")


def results(project: Path) -> dict[str, str]:
    """Return what must be the same, by output: its MD5, or the table without its times."""
    lock = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))
    outs = [out for stage in lock["stages"].values() for out in stage["outs"]]
    found = {out["path"]: "" if out["path"].startswith(TIMES) else out["md5"] for out in outs}
    table = pd.read_csv(project / TABLE, dtype=str).drop(columns=COLUMNS_OF_TIMES)
    return found | {TABLE: table.to_csv()}


if __name__ == "__main__":
    main()
