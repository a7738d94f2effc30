"""Fill the numbers in the README and the docs from the files they come from.

    python -m tools.readme [--check]

Each block stands between `<!-- name -->` and `<!-- /name -->`. With `--check` nothing is written,
and the exit code says whether all of them are up to date.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stages.common.files import write_text
from stages.compare.comparison import to_markdown
from stages.compare.replicates import FOLDER, MODELS
from stages.tables import read_table
from tools.export import table as exports
from tools.replicates.tables import DIFFERENCES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def replicates(folder: Path) -> str:
    """Return the models' results over several seeds, for each recipe that *folder* has."""
    lines = [
        "| Recipe | Model | Params | Accuracy (%) | 95 % interval | Training time (s) | Seeds |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    tables = {path.parent.name: pd.read_csv(path) for path in sorted(folder.glob(f"*/{MODELS}"))}
    if not tables:
        return "Not measured yet: `make replicates`."
    for recipe, table in tables.items():
        for row in table.to_dict("records"):
            low, mean, high = (100 * row[f"accuracy_{key}"] for key in ("low", "mean", "high"))
            spread, seconds = 100 * row["accuracy_deviation"], row["seconds_mean"]
            lines.append(
                f"| `{recipe}` | {row['model']} | {row['parameters']:,.0f} "
                f"| {mean:.2f} ± {spread:.2f} | {low:.2f} to {high:.2f} "
                f"| {seconds:.1f} ± {row['seconds_deviation']:.1f} | {row['seeds']} |"
            )
    said = "Mean ± standard deviation, and the 95 % interval of the mean, over seeds."
    return "\n".join([*lines, "", f"{said} {trained_on(folder)}"])


def trained_on(folder: Path) -> str:
    """Return the sentence on where the trainings that *folder* tells of ran, in which precision."""
    recipes: dict[str, list[str]] = {}
    for path in sorted(folder.glob(f"*/{MODELS}")):
        for machine in sorted(set(pd.read_csv(path)["machine"])):
            recipes.setdefault(machine, []).append(f"`{path.parent.name}`")
    places = [f"{machine} ({', '.join(names)})" for machine, names in recipes.items()]
    return f"Trained on {'; on '.join(places)}."


def differences(folder: Path) -> str:
    """Return how far each model is above each other on the same seed, for each recipe."""
    lines = ["| Recipe | | above | by (points) | 95 % interval |", "|---|---|---|---:|---:|"]
    for path in sorted(folder.glob(f"*/{DIFFERENCES}")):
        for row in pd.read_csv(path).to_dict("records"):
            low, mean, high = (100 * row[key] for key in ("low", "mean", "high"))
            first, second = row["first"], row["second"]
            if mean < 0:
                first, second, low, mean, high = second, first, -high, -mean, -low
            lines.append(
                f"| `{path.parent.name}` | {first} | {second} "
                f"| {mean:.3f} | {low:.3f} to {high:.3f} |"
            )
    return "\n".join([*lines, "", trained_on(folder)])


def first_run() -> str:
    """Return how long the first `make repro` takes, as `make bench` found."""
    results = json.loads((ROOT / "benchmarks/results.json").read_text(encoding="utf-8"))
    minutes: dict[str, float] = results["summary"].get("first_run_minutes", {})
    places = [
        f"{each:.0f} minutes on {machine.partition(', with Python')[0]}"
        for machine, each in minutes.items()
    ]
    said = "Time for the first `make repro`, set-up included but not what it downloads"
    return f"- {said}: {'; '.join(places) or 'unknown'}."


def benchmarks() -> str:
    """Return the benchmarks' tables."""
    return (ROOT / "benchmarks/results.md").read_text(encoding="utf-8")


def own_model() -> str:
    """Return the comparison of the notebook's models with the one that a page adds."""
    return to_markdown(read_table(ROOT / "benchmarks/own-model.csv"))


def pictures() -> str:
    """Return how well pictures of digits are read."""
    table = read_table(ROOT / "benchmarks/pictures.csv")
    first = table.iloc[0]
    few = f"{first['photographed']:,}"
    lines = [
        f"| | as they are (%) | cut out anew (%) | the first {few}, as they are (%) "
        f"| photographs of these {few} (%) |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in table.to_dict("records"):
        shares = (row[kind] for kind in ("as_is", "cut_out", "same_as_is", "photographs"))
        lines.append(f"| {row['model']} | {' | '.join(f'{100 * one:.2f}' for one in shares)} |")
    said = (
        f"Cut out anew, exactly one digit is found on {first['found']:,} of {first['images']:,} "
        f"test images, and none moves by more than {first['largest_move']:.1f} pixel; an image "
        "with none or several counts as read wrongly. The models are those of one run "
        f"of recipe `{first['recipe']}`, the photographs those of seed {first['seed']}."
    )
    return "\n".join([*lines, "", said])


def trials() -> str:
    """Return what the search for recipe `accurate` tried, for each model, the best first."""
    lines: list[str] = []
    for path in sorted((ROOT / "benchmarks/trials").glob("*.csv")):
        rows = read_table(path).to_dict("records")
        accuracy = f"{path.stem} validation"
        names = [name for name in rows[0] if name != accuracy]
        head = " | ".join(f"`{name}`" for name in names)
        lines += ["", f"| {path.stem}, validation (%) | {head} |"]
        lines.append("|---:" * (len(names) + 1) + "|")
        for row in rows:
            values = " | ".join(f"{row[name]:g}" for name in names)
            lines.append(f"| {100 * row[accuracy]:.2f} | {values} |")
    return "\n".join(lines).strip()


BLOCKS: dict[str, Callable[[], str]] = {
    "replicates": lambda: replicates(ROOT / FOLDER),
    "differences": lambda: differences(ROOT / FOLDER),
    "benchmarks": benchmarks,
    "first-run": first_run,
    "float32": lambda: replicates(ROOT / "benchmarks/float32"),
    "fashion": lambda: replicates(ROOT / "benchmarks/fashion-mnist"),
    "own-model": own_model,
    "pictures": pictures,
    "trials": trials,
    "exports": lambda: exports.to_markdown(ROOT / exports.FOLDER),
}
BLOCK = re.compile(rf"<!-- ({'|'.join(BLOCKS)}) -->\n.*?<!-- /\1 -->", re.DOTALL)


def filled(text: str) -> str:
    """Return a page's *text* with every block that it has filled anew."""
    return BLOCK.sub(
        lambda block: f"<!-- {block[1]} -->\n{BLOCKS[block[1]]().rstrip()}\n<!-- /{block[1]} -->",
        text,
    )


def main() -> None:
    """Fill the pages, or check that they are filled."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if "--check" not in sys.argv:
            write_text(page, filled(text))
        elif text != filled(text):
            name = page.relative_to(ROOT)
            sys.exit(f"error: {name}: its numbers are not those of the files; run `make readme`")


if __name__ == "__main__":
    main()
