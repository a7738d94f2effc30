"""Whether a second run writes the same bytes as the committed one: ``python -m tools.reproduce``.

Clones what is committed into a throw-away folder, runs the whole pipeline there and compares
dvc.lock and the metrics. The raw images alone may come from this checkout's cache, so that they
are not downloaded again. The checkout itself stays as it is.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parent.parent
# Times, and what is made of them: what is there to read, and columns of the table of it.
TIMES = ("metrics/time/", "metrics/comparison.md", "metrics/report.html")
TABLE, COLUMNS_OF_TIMES = "metrics/comparison.csv", ["train_seconds", "note"]


def main() -> None:
    """Name the outputs that differ, a line each, and exit with 1 if there are any."""
    folder = Path(mkdtemp(prefix="reproduce-"))
    differing: list[str] = []
    try:
        committed, project = clone_committed(ROOT, folder)
        run_again(ROOT, committed, project)
        if machines(committed) != machines(project):
            print("note: not the machine or the versions of the committed run: bits may differ")
        differing = differences(committed, project)
        old, new = outputs(committed), outputs(project)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if not differing:
            shutil.rmtree(folder)
    if differing:
        first = f"error: the second run differs from the committed one; it is kept in {folder}"
        sys.exit("\n".join([first, *differing]))
    times = sum(old[path] != new[path] for path in old)
    print(f"the same bytes: {len(old)} outputs, but for the times in {times} of them")


def clone_committed(checkout: Path, folder: Path) -> tuple[Path, Path]:
    """Clone the *checkout*; return where its results are now, and the clone without them."""
    project, committed = folder / "project", folder / "committed"
    status = ["git", "--no-optional-locks", "status", "--porcelain", "--untracked-files=no"]
    if subprocess.run(status, cwd=checkout, capture_output=True, check=False).stdout:
        print("note: changes that are not committed are left out", flush=True)
    clone = ["git", "clone", "--quiet", str(checkout), str(project)]
    if subprocess.run(clone, check=False).returncode != 0:
        sys.exit(f"error: {checkout}: cannot be cloned; it must be a Git checkout with a commit")
    committed.mkdir()
    for name in ("dvc.lock", "metrics"):
        if not (project / name).exists():
            sys.exit(f"error: {name}: not committed; run `dvc repro`, then commit it")
        (project / name).rename(committed / name)
    # An input, and nothing that the second run writes.
    shutil.copytree(committed / "metrics/replicates", project / "metrics/replicates")
    # DVC keeps what a model that was removed had written.
    list_stages = ["dvc", "stage", "list", "--name-only"]
    listed = subprocess.run(list_stages, cwd=project, capture_output=True, text=True, check=False)
    kept = {name: s for name, s in stages(committed).items() if name in listed.stdout.split()}
    (committed / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": kept}))
    return committed, project


def run_again(checkout: Path, committed: Path, project: Path) -> None:
    """Run the pipeline in the clone *project*, with the images from the *checkout*'s cache."""
    fetch = {name: stage for name, stage in stages(committed).items() if name == "fetch"}
    (project / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": fetch}))
    cache = subprocess.run(
        ["dvc", "cache", "dir"], cwd=checkout, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    # A damaged cache is found here, not as other bytes in everything made of it.
    (project / ".dvc" / "config.local").write_text(
        f"['remote \"checkout\"']\n    url = {checkout / cache}\n    verify = true\n"
    )
    # No settings of the user's: they may name a cache, which knows the results already.
    kinds = ("GLOBAL_CONFIG", "SYSTEM_CONFIG", "SITE_CACHE")
    own = os.environ | {f"DVC_{kind}_DIR": str(project.parent / kind.lower()) for kind in kinds}
    pull = ["dvc", "pull", "--quiet", "--remote", "checkout", "fetch"]
    if subprocess.run(pull, cwd=project, env=own, capture_output=True, check=False).returncode == 0:
        print("data/raw is this checkout's own, unless fetch's code has changed", flush=True)
    if subprocess.run(["dvc", "repro"], cwd=project, env=own, check=False).returncode != 0:
        sys.exit("error: the second run failed; its own words stand above")


def differences(before: Path, after: Path) -> list[str]:
    """Return the outputs in which two runs, in these folders, differ in more than times."""
    old, new = outputs(before), outputs(after)
    return [
        path
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
        and not (path in old and path in new and only_times_differ(path, before, after))
    ]


def only_times_differ(path: str, before: Path, after: Path) -> bool:
    """Tell whether an output that both runs wrote has the same bytes but for times."""
    if path != TABLE:
        return path.startswith(TIMES)
    old, new = (pd.read_csv(folder / path, dtype=str) for folder in (before, after))
    return old.drop(columns=COLUMNS_OF_TIMES).equals(new.drop(columns=COLUMNS_OF_TIMES))


def stages(folder: Path) -> dict[str, Any]:
    """Return the stages of a run's dvc.lock by name."""
    read: dict[str, Any] = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))
    return read["stages"]


def outputs(folder: Path) -> dict[str, str]:
    """Return the MD5 that a run's dvc.lock has of each output."""
    return {o["path"]: o["md5"] for s in stages(folder).values() for o in s.get("outs", [])}


def machines(folder: Path) -> list[Any]:
    """Return what the models of a run were trained on."""
    files = sorted((folder / "metrics" / "time").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8"))["machine"] for file in files]


if __name__ == "__main__":
    main()
