"""Whether a second run writes the same bytes as the committed one: ``python -m tools.reproduce``.

Clones what is committed into a throw-away folder, runs the whole pipeline there from nothing and
compares dvc.lock and the metrics. The raw images alone may come from this checkout's cache, so
that they are not downloaded again. The checkout itself stays as it is.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

import yaml

from stages.common.errors import StageError
from tests import ROOT, pipeline
from tools.compare_runs import Results, differences, machine_differences


def main() -> None:
    """Print what differs, a line each, and exit with 1 if anything but times does."""
    folder = Path(mkdtemp(prefix="reproduce-"))
    differing: list[str] = []
    try:
        committed, second = run_again(ROOT, folder)
        if other := list(machine_differences(committed, second)):
            print("note: not the machine of the committed run, so the bits may differ")
            print(*other, sep="\n")
        differing = list(differences(committed, second))
    except (StageError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if not differing:
            shutil.rmtree(folder)
    if differing:
        first = f"error: the second run differs from the committed one; it is kept in {folder}"
        sys.exit("\n".join([first, *differing]))
    print(summary(committed.outputs, second.outputs))


def run_again(checkout: Path, folder: Path) -> tuple[Results, Results]:
    """Return the committed results of *checkout*, and those of a run of it in *folder*."""
    committed, second = clone_committed(checkout, folder)
    if bring_images(checkout, committed, second):
        print("data/raw is this checkout's own, unless fetch's code has changed", flush=True)
    if _dvc(second.folder, "repro").returncode != 0:
        raise StageError("the second run failed; its own words stand above")
    return committed, second


def summary(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return how many outputs have the same MD5 in both runs, which differ in times alone."""
    others = sum(before[path] != after[path] for path in before)
    rest = f"; the other {others} differ in times alone" if others else ""
    return f"the same bytes: {len(before) - others} of {len(before)} outputs{rest}"


def clone_committed(checkout: Path, folder: Path) -> tuple[Results, Results]:
    """Clone the *checkout* into *folder*; return the committed results, and where to run again.

    The clone has neither dvc.lock nor metrics: those are moved out of it to compare with.
    """
    project, committed = folder / "project", folder / "committed"
    # With the user's own settings of Git, which may be what allows to read the checkout.
    git = ["git", "--no-optional-locks"]
    status = [*git, "status", "--porcelain", "--untracked-files=no"]
    changed = subprocess.run(status, cwd=checkout, stdout=subprocess.PIPE, check=False)
    if changed.stdout:
        print("note: changes that are not committed are left out", flush=True)
    copied = subprocess.run([*git, "clone", "--quiet", str(checkout), str(project)], check=False)
    if changed.returncode != 0 or copied.returncode != 0:
        raise StageError(f"{checkout}: cannot be cloned; it must be a Git checkout with a commit")
    committed.mkdir()
    for name in ("dvc.lock", "metrics"):
        if (project / name).exists():
            (project / name).rename(committed / name)
    return Results(committed), Results(project)


def bring_images(checkout: Path, committed: Results, second: Results) -> bool:
    """Take the committed data/raw out of the *checkout*'s cache; tell whether it was there.

    If so, dvc.lock in the second run's folder holds the stage ``fetch`` and no other.
    """
    lock = second.folder / "dvc.lock"
    fetch = {name: stage for name, stage in committed.stages.items() if name == "fetch"}
    lock.write_text(yaml.safe_dump({"schema": "2.0", "stages": fetch}), encoding="utf-8")
    # Where the checkout's own DVC keeps its cache, the user's settings included.
    asked = subprocess.run(
        ["dvc", "cache", "dir"],
        cwd=checkout,
        env=os.environ | {"PATH": pipeline.environment(second.folder)["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cache = str(checkout / asked.stdout.strip())
    for words in (
        ("remote", "add", "--local", "checkout", cache),
        # A damaged cache is found here, not as other bytes in everything made of it.
        ("remote", "modify", "--local", "checkout", "verify", "true"),
        ("pull", "--remote", "checkout", "fetch"),
    ):
        if _dvc(second.folder, *words, silent=True).returncode != 0:
            lock.unlink()
            return False
    return True


def _dvc(project: Path, *words: str, silent: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Return what ``dvc`` with these *words* did in the throw-away clone *project*."""
    return subprocess.run(
        ["dvc", *words],
        cwd=project,
        env=pipeline.environment(project.parent),
        stdout=subprocess.DEVNULL if silent else None,
        stderr=subprocess.DEVNULL if silent else None,
        check=False,
    )


if __name__ == "__main__":
    main()
