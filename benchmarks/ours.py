"""Our side: one training by `stages.train`, in a temporary folder."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.side import DATA
from stages import params, processed, settings
from stages.common.files import read_json, write_json
from stages.configure.recipes import resolve


def measure(name: str, recipe: str, times: str | None = None) -> dict[str, Any]:
    """Train one model; return its times and results.

    With *times*, train one epoch on the training images repeated that often.
    """
    content = params.read(Path("params.yaml"))
    content["train"] |= {"recipe": recipe} | ({"epochs": 1} if times else {})
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(DATA, folder / DATA, copy_function=shutil.copyfile)
        for path in processed.paths("train"):
            np.save(folder / path, np.concatenate([np.load(path)] * int(times or 1)))
        chosen = resolve(content, {})[name].model_dump()
        write_json(folder / settings.path_of(name), chosen)
        command = [sys.executable, "-m", "stages.train", name]
        variables = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        subprocess.run(command, cwd=folder, env=variables, stdout=sys.stderr, check=True)
        result = {
            **read_json(folder / "metrics" / "train" / f"{name}.json"),
            **read_json(folder / "metrics" / "time" / f"{name}.json"),
            "model": name,
            # Linux counts it in units of 1,024 bytes.
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        }
    # The same in every run.
    del result["layers"], result["machine"]
    return result
