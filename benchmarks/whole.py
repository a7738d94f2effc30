"""The whole pipeline from scratch, by a command that a user types."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.side import MODELS
from stages.common.files import read_json
from tools.machines import described


def measure(recipe: str, *command: str) -> dict[str, Any]:
    """Return the seconds of *command* with *recipe*, and of its fits.

    It runs in a temporary clone of the last commit, without DVC's cache. It uses the user's caches
    of packages and images, so no download is timed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "clone"
        subprocess.run(["git", "clone", "--quiet", ".", str(clone)], check=True)  # noqa: S607
        path = clone / "params.yaml"
        path.write_text(path.read_text().replace("  recipe: notebook\n", f"  recipe: {recipe}\n"))
        start = time.perf_counter()
        subprocess.run(command, cwd=clone, check=True, stdout=sys.stderr)
        seconds = time.perf_counter() - start
        times = [read_json(clone / "metrics" / "time" / f"{model}.json") for model in MODELS]
    return {
        "seconds": seconds,
        "fit_seconds": sum(each["train_seconds"] for each in times),
        "machine": described(times[0]["machine"]),
    }
