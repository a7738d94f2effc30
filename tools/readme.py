"""Fill the numbers in the README and the docs from the files they come from.

    python -m tools.readme [--check]

Each block stands between `<!-- name -->` and `<!-- /name -->`. With `--check` nothing is written,
and the exit code says whether all of them are up to date.
"""

import re
import sys
from pathlib import Path

import pandas as pd

from benchmarks.table import described
from stages.common.files import read_json, write_text
from stages.compare.comparison import to_markdown

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def comparison() -> str:
    """Return the comparison of the models as `dvc repro` last wrote it."""
    return to_markdown(pd.read_csv(ROOT / "metrics/comparison.csv", keep_default_na=False))


def machine() -> str:
    """Return the sentence on what the models were trained on."""
    first = pd.read_csv(ROOT / "metrics/comparison.csv")["model"][0]
    time = read_json(ROOT / "metrics/time" / f"{first}.json")
    return f"Trained on {described(time['machine'])}."


def benchmarks() -> str:
    """Return the benchmarks' tables."""
    return (ROOT / "benchmarks/results.md").read_text(encoding="utf-8")


def fashion() -> str:
    """Return the comparison on Fashion-MNIST over several seeds."""
    table = pd.read_csv(ROOT / "benchmarks/fashion-mnist.csv")
    lines = [
        "| Recipe | Model | Params | Accuracy (%) | Seeds |",
        "|---|---|---:|---:|---:|",
    ]
    for row in table.to_dict("records"):
        accuracy, spread = 100 * row["accuracy_mean"], 100 * row["accuracy_deviation"]
        lines.append(
            f"| `{row['recipe']}` | {row['model']} | {row['parameters']:,} "
            f"| {accuracy:.2f} ± {spread:.2f} | {row['seeds']} |"
        )
    machines = " and ".join(sorted(set(table["machine"])))
    return "\n".join([*lines, "", f"Mean ± standard deviation. Trained on {machines}."])


def own_model() -> str:
    """Return the comparison of the notebook's models with the one that a page adds."""
    return to_markdown(pd.read_csv(ROOT / "benchmarks/own-model.csv", keep_default_na=False))


BLOCKS = {
    "comparison": comparison,
    "machine": machine,
    "benchmarks": benchmarks,
    "fashion": fashion,
    "own-model": own_model,
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
