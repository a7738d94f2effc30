"""Fill the numbers in the README and the docs from the files they come from.

    python -m tools.readme [--check]

Each block stands between `<!-- name -->` and `<!-- /name -->`. With `--check` nothing is written,
and the exit code says whether all of them are up to date.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stages import params
from stages.common.files import read_json, write_text
from stages.compare.comparison import duration, to_markdown
from stages.compare.replicates import FOLDER, MODELS
from stages.tables import read_table
from stages.verdict import and_
from tools.export import table as exports
from tools.machines import described
from tools.replicates.tables import DIFFERENCES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def comparison() -> str:
    """Return `make repro`'s table with the notebook's published results, and the machine."""
    published = read_table(ROOT / "stages/report/notebook.csv").set_index("model")
    legend = " *notebook*: what its author published."
    if params.name_of(params.read_data()) != "mnist_784":
        published, legend = published.iloc[:0], ""
    table = read_table(ROOT / "metrics/comparison.csv")
    head, rule, *rows = re.sub(" +", " ", to_markdown(table)).splitlines()
    lines, machines = [head, re.sub("-+", "---", rule)], set()
    for model, row in zip(table["model"], rows, strict=True):
        lines.append(row)
        if model in published.index:
            accuracy, seconds = published.loc[model, ["accuracy", "train_seconds"]]
            lines.append(f"| *notebook* | | {100 * accuracy:.1f} | | | {duration(seconds)} | |")
        machines.add(described(read_json(ROOT / f"metrics/time/{model}.json")["machine"]))
    precisions = " and ".join(sorted(set(table["precision"])))
    trained = f"Trained on {' and '.join(sorted(machines))}, in {precisions}."
    return "\n".join([*lines, "", f"{trained}{legend}"])


def recipes() -> str:
    """Return how much sooner `fast` reaches the notebook's accuracies, and those of `accurate`."""
    found = summary()
    accurate = read_table(ROOT / FOLDER / "accurate" / MODELS).set_index("model")
    means = [f"{100 * mean:.2f} % ({name})" for name, mean in accurate["accuracy_mean"].items()]
    minutes = [f"{found['minutes_accurate'][name]:.0f}" for name in accurate.drop("ensemble").index]
    return (
        f"- `fast` reaches the notebook's accuracies {found['speedup_to_accuracy']:.0f} times "
        "sooner than the notebook's own code: [benchmarks](docs/benchmarks.md).\n"
        f"- `accurate` reaches {and_(means)}, on average over {accurate['seeds'].iloc[0]} seeds, "
        f"in {and_(minutes)} minutes of training: [replicates](docs/replicates.md)."
    )


def rows_of(folder: Path, name: str) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Yield each row of the tables *name* in *folder*, with its recipe."""
    for path in sorted(folder.glob(f"*/{name}")):
        for row in read_table(path).to_dict("records"):
            yield path.parent.name, row


def replicates(folder: Path) -> str:
    """Return the models' results over several seeds, for each recipe that *folder* has."""
    lines = [
        "| Recipe | Model | Params | Accuracy (%) | 95 % interval | Seeds |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for recipe, row in rows_of(folder, MODELS):
        low, mean, high = (100 * row[f"accuracy_{key}"] for key in ("low", "mean", "high"))
        spread = 100 * row["accuracy_deviation"]
        lines.append(
            f"| `{recipe}` | {row['model']} | {row['parameters']:,.0f} "
            f"| {mean:.2f} ± {spread:.2f} | {low:.2f} to {high:.2f} | {row['seeds']} |"
        )
    legend = "Mean ± standard deviation, and the 95 % interval of the mean, over seeds."
    return "\n".join([*lines, "", f"{legend} {trained_on(folder)}"])


def trained_on(folder: Path) -> str:
    """Return the sentence on the machines and precisions of the trainings in *folder*."""
    found: dict[str, dict[str, None]] = {}
    for recipe, row in rows_of(folder, MODELS):
        found.setdefault(row["machine"], {})[f"`{recipe}`"] = None
    places = [f"{machine} ({', '.join(names)})" for machine, names in found.items()]
    return f"Trained on {'; on '.join(places)}."


def differences(folder: Path) -> str:
    """Return the differences between models on the same seed, for each recipe."""
    lines = ["| Recipe | | above | by (points) | 95 % interval |", "|---|---|---|---:|---:|"]
    for recipe, row in rows_of(folder, DIFFERENCES):
        low, mean, high = (100 * row[key] for key in ("low", "mean", "high"))
        first, second = row["first"], row["second"]
        if mean < 0:
            first, second, low, mean, high = second, first, -high, -mean, -low
        lines.append(f"| `{recipe}` | {first} | {second} | {mean:.3f} | {low:.3f} to {high:.3f} |")
    return "\n".join([*lines, "", trained_on(folder)])


def summary() -> dict[str, Any]:
    """Return the summary of `make bench`."""
    return read_json(ROOT / "benchmarks/results.json")["summary"]


def first_run() -> str:
    """Return how long the first `make repro` takes, by `make bench`."""
    places = [
        f"{minutes:.0f} minutes on {machine.partition(', with Python')[0]}"
        for machine, minutes in summary()["first_run_minutes"].items()
    ]
    return f"- The first `make repro` takes, without downloads, {'; '.join(places)}."


def pictures() -> str:
    """Return how well pictures of digits are read."""
    table = read_table(ROOT / "benchmarks/pictures.csv")
    first = table.iloc[0]
    few = f"{first['photographed']:,}"
    lines = [
        f"| | unchanged (%) | cut out again (%) | the first {few}, unchanged (%) "
        f"| photographs of these {few} (%) |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in table.to_dict("records"):
        shares = (row[kind] for kind in ("as_is", "cut_out", "same_as_is", "photographs"))
        lines.append(f"| {row['model']} | {' | '.join(f'{100 * one:.2f}' for one in shares)} |")
    legend = (
        f"When cut out again, exactly one digit is found on {first['found']:,} of "
        f"{first['images']:,} test images, and none moves by more than "
        f"{first['largest_move']:.1f} pixel; an image with none or several counts as wrong. The "
        f"models are those of one run of recipe `{first['recipe']}`; the photographs have seed "
        f"{first['seed']}."
    )
    return "\n".join([*lines, "", legend])


def trials() -> str:
    """Return the trials of the search for recipe `accurate`, for each model, the best first."""
    tables = []
    for path in sorted((ROOT / "benchmarks/trials").glob("*.csv")):
        table = read_table(path)
        accuracies = table.pop(f"{path.stem} validation")
        head = " | ".join(f"`{name}`" for name in table)
        lines = [
            f"| {path.stem}, validation (%) | {head} |",
            "|---:" * (len(table.columns) + 1) + "|",
        ]
        for accuracy, values in zip(accuracies, table.to_numpy(), strict=True):
            cells = " | ".join(f"{value:g}" for value in values)
            lines.append(f"| {100 * accuracy:.2f} | {cells} |")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


BLOCKS: dict[str, Callable[[], str]] = {
    "comparison": comparison,
    "recipes": recipes,
    "replicates": lambda: replicates(ROOT / FOLDER),
    "differences": lambda: differences(ROOT / FOLDER),
    "benchmarks": (ROOT / "benchmarks/results.md").read_text,
    "first-run": first_run,
    "float32": lambda: replicates(ROOT / "benchmarks/float32"),
    "fashion": lambda: replicates(ROOT / "benchmarks/fashion-mnist"),
    "own-model": lambda: to_markdown(read_table(ROOT / "benchmarks/own-model.csv")),
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
            sys.exit(f"error: {name}: its numbers are out of date; run `make readme`")


if __name__ == "__main__":
    main()
