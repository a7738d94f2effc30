"""Our side: one training of this project, in a folder of its own, by the stages themselves.

    python -m benchmarks.ours --data data/processed --model model1 --recipe fast

Runs `stages.train` as `dvc repro` would, on the images of `--data`; `--times N` repeats the
training images N times, to see what grows with them.
The last line of its output is one line of JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from stages import params, settings
from stages.common.files import read_json, write_json
from stages.configure.recipes import resolve

ROOT = Path(__file__).resolve().parent.parent


def run_stage(stage: str, model: str, folder: Path) -> int:
    """Run one stage in *folder*; return the peak memory of its process in bytes."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"stages.{stage}", model],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=sys.stderr,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"error: stages.{stage} {model} failed")
    return usage.ru_maxrss * 1024


def prepare(folder: Path, data: Path, times: int, images: int | None) -> None:
    """Put the images where the stages look for them, the training images *times* over."""
    processed = folder / "data" / "processed"
    processed.mkdir(parents=True)
    (processed / "validation").symlink_to((data / "validation").resolve())
    if times == 1 and images is None:
        (processed / "train").symlink_to((data / "train").resolve(), target_is_directory=True)
        return
    (processed / "train").mkdir()
    (processed / "train" / "pixels.json").symlink_to((data / "train" / "pixels.json").resolve())
    for name in ("images.npy", "labels.npy"):
        once = np.load(data / "train" / name, mmap_mode="r")[:images]
        np.save(processed / "train" / name, np.concatenate([once] * times))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Train one model; return what it took and what it reached."""
    content = params.read(ROOT / "params.yaml")
    overrides = {"recipe": options.recipe, "epochs": options.epochs}
    content["train"] |= {key: value for key, value in overrides.items() if value is not None}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder, options.data, options.times, options.images)
        chosen = resolve(content, {})[options.model].model_dump()
        write_json(folder / settings.path_of(options.model), chosen)
        peak = run_stage("train", options.model, folder)
        metrics = folder / "metrics"
        result = {
            **read_json(metrics / "train" / f"{options.model}.json"),
            **read_json(metrics / "time" / f"{options.model}.json"),
            "model": options.model,
            "peak_memory_bytes": peak,
        }
        # Of the model and of the machine; the same in every run.
        del result["layers"], result["machine"]
    return result


def main() -> None:
    """Read the command line, measure, print one line of JSON."""
    parser = argparse.ArgumentParser(description="Measure one training of this project.")
    parser.add_argument("--data", type=Path, required=True, help="such as data/processed")
    parser.add_argument("--model", default="model1")
    parser.add_argument("--recipe", default="notebook")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--times", type=int, default=1, help="repeat the training images")
    parser.add_argument("--images", type=int, help="train on the first N images only")
    print(json.dumps(measure(parser.parse_args()), sort_keys=True))


if __name__ == "__main__":
    main()
