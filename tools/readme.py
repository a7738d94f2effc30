"""Fill the numbers in the README and the docs from the files they come from.

    python -m tools.readme [--check]

Each block stands between `<!-- name -->` and `<!-- /name -->`. With `--check` nothing is written,
and the exit code says whether all of them are up to date.
"""

import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template

from stages import dataset
from stages.common.files import read_json, write_text
from stages.compare.comparison import duration, to_markdown
from stages.compare.replicates import FOLDER, MODELS
from stages.tables import read_table
from tools.export import table as exports
from tools.machines import described

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def comparison() -> str:
    """Return `make repro`'s table with the notebook's published results, and the machine."""
    published = read_table(ROOT / "stages/report/notebook.csv").set_index("model")
    legend = " *notebook*: what its author published."
    if dataset.read(ROOT / dataset.PATH).dataset != "mnist_784":
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


def table(path: str) -> list[dict[Any, Any]]:
    """Return the rows of the table at *path*."""
    return read_table(ROOT / path).to_dict("records")


def rows_of(folder: str, name: str) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Yield each row of the tables *name* in *folder*, with its recipe."""
    for path in sorted((ROOT / folder).glob(f"*/{name}")):
        for row in read_table(path).to_dict("records"):
            yield path.parent.name, row


def trained_on(folder: str) -> str:
    """Return the sentence on the machines and precisions of the trainings in *folder*."""
    found: dict[str, dict[str, None]] = {}
    for recipe, row in rows_of(folder, MODELS):
        found.setdefault(row["machine"], {})[f"`{recipe}`"] = None
    places = [f"{machine} ({', '.join(names)})" for machine, names in found.items()]
    return f"Trained on {'; on '.join(places)}."


def summary() -> dict[str, Any]:
    """Return the summary of `make bench`."""
    return read_json(ROOT / "benchmarks/results.json")["summary"]


TEMPLATE = Path(__file__).with_suffix(".md.jinja").read_text(encoding="utf-8")
WORDS: Any = Template(
    TEMPLATE, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).make_module({each.__name__: each for each in (table, rows_of, trained_on, summary)})
BLOCKS: dict[str, Callable[[], str]] = {
    "comparison": comparison,
    "recipes": WORDS.recipes,
    "replicates": partial(WORDS.replicates, FOLDER),
    "differences": partial(WORDS.differences, FOLDER),
    "benchmarks": (ROOT / "benchmarks/results.md").read_text,
    "first-run": WORDS.first_run,
    "float32": partial(WORDS.replicates, "benchmarks/float32"),
    "fashion": partial(WORDS.replicates, "benchmarks/fashion-mnist"),
    "own-model": lambda: to_markdown(read_table(ROOT / "benchmarks/own-model.csv")),
    "pictures": WORDS.pictures,
    "trials": WORDS.trials,
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
