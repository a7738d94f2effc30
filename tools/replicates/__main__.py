"""Train with several seeds, and measure how much of a difference is due to the seed.

    python -m tools.replicates --seeds 5 --recipe notebook,fast

Runs a sweep (and takes a sweep's options, such as --cores and --address), and then writes two
tables for each recipe to metrics/replicates/RECIPE. models.csv has a row for each model and one for
the ensemble of all: means over the seeds, their spread, their 95 % intervals. differences.csv has a
row for each pair: how far the first is above the second on the same seed.
"""

import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from dvc.api import DVCFileSystem

from stages.common.errors import StageError
from stages.common.files import write_text
from stages.compare.replicates import FOLDER, fingerprint
from stages.tables import parse
from tools.machines import described
from tools.replicates.tables import tables
from tools.store import git
from tools.sweep import __main__ as sweep
from tools.sweep import ready
from tools.sweep.results import STATE, TRIALS
from tools.sweep.settings import grid


def run_of(name: str, remote: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the results of an experiment: a row for each model, and one for the ensemble.

    What DVC's cache lacks comes from the default remote, or from one with the settings *remote*.
    """
    files = DVCFileSystem(rev=name, remote_config=remote, subrepos=True)
    # Of the project in the repository, if it is not all of it.
    prefix = git("rev-parse", "--show-prefix")

    def text_of(path: str) -> str:
        return str(files.read_text(prefix + path))

    def table_of(path: str) -> pd.DataFrame:
        return parse(io.StringIO(text_of(path)))

    compared = table_of("metrics/comparison.csv")[["model", "parameters", "accuracy"]]
    first = compared["model"][0]
    actual = table_of(f"metrics/predictions/{first}.csv")["actual"].to_numpy()
    rows, probabilities = [], []
    for row in compared.to_dict("records"):
        model = row["model"]
        time = json.loads(text_of(f"metrics/time/{model}.json"))
        trained = json.loads(text_of(f"metrics/train/{model}.json"))
        row["seconds"] = time["train_seconds"]
        row["machine"] = f"{described(time['machine'])}, in {trained['precision']}"
        settings = json.loads(text_of(f"models/settings/{model}.json"))
        rows.append(row | {"fingerprint": fingerprint(settings, trained, actual)})
        content = files.read_bytes(f"{prefix}metrics/probabilities/{model}.npy")
        probabilities.append(np.load(io.BytesIO(content), allow_pickle=False))
    classes = table_of(f"metrics/per_class/{first}.csv")["class"].to_numpy()
    predicted = classes[np.mean(probabilities, axis=0).argmax(axis=1)]
    ensemble = {"model": "ensemble", "accuracy": (predicted == actual).mean(), "fingerprint": ""}
    ensemble |= {column: sum(row[column] for row in rows) for column in ("parameters", "seconds")}
    ensemble["machine"] = " and ".join(sorted({row["machine"] for row in rows}))
    train = yaml.safe_load(text_of("params.yaml"))["train"]
    return pd.DataFrame([*rows, ensemble]).assign(recipe=train["recipe"], seed=train["seed"])


def main(words: Sequence[str]) -> int:
    """Run the sweep that *words*, the command's arguments, ask for; return the exit code."""
    parser = sweep.parser("tools.replicates", __doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 on (5)")
    parser.add_argument("--recipe", default="", help="one or several, as a,b (params.yaml's)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the tables")
    options = parser.parse_args(words)

    def act() -> int:
        if options.seeds < 2:  # noqa: PLR2004
            raise StageError(f"SEEDS: {options.seeds}: a spread needs 2 or more")
        if len(grid(options.set)) > 1:
            raise StageError(f"SET: {options.set}: several values; only the seed may differ")
        recipes = f"train.recipe={options.recipe}" if options.recipe else ""
        # If a key has two values, the last one counts.
        options.set += f" {recipes} train.seed=range(0,{options.seeds})"
        if code := sweep.run(options):
            return code
        remote = ready.remote(options.remote) if options.remote else None
        names = pd.read_csv(STATE / TRIALS)["experiment"]
        for name, table in tables(pd.concat([run_of(name, remote) for name in names])):
            path = options.folder / name
            write_text(path, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
            shown = table.drop(columns=["machine", "fingerprint"], errors="ignore")
            print(f"\n{path}\n{shown.to_string(index=False)}")
        return 0

    return sweep.finished(act)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
