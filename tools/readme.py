"""Fill the README's numbers from the files that the pipeline and the benchmarks wrote.

    python -m tools.readme [--check]

Each block stands between `<!-- name -->` and `<!-- /name -->`. With `--check` nothing is written,
and the exit code says whether the README is up to date.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.table import described
from stages.common.files import read_json, write_text
from stages.compare.comparison import duration, to_markdown

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
METRICS = ROOT / "metrics"


def comparison() -> str:
    """Return the comparison of the models as `dvc repro` last wrote it."""
    return to_markdown(pd.read_csv(METRICS / "comparison.csv", keep_default_na=False))


def machine() -> str:
    """Return the sentence on what the models were trained on."""
    return f"Trained on {described(read_json(METRICS / 'time' / 'model1.json')['machine'])}."


def remarks() -> str:
    """Return a paragraph on each of the notebook's models."""
    table = pd.read_csv(METRICS / "comparison.csv")
    rows = {row["model"]: dict(row) for _, row in table.iterrows()}
    return "\n".join(
        f"- **{name}.** {text(rows[name], read_json(METRICS / 'train' / f'{name}.json'))}"
        for name, text in (("model1", model1), ("model2", model2), ("model3", model3))
    )


def model1(row: dict[str, Any], train: dict[str, Any]) -> str:
    """Return the remark on model1."""
    return (
        f"Two plain convolutions, then four dense layers, which hold {dense_share(train)} of "
        f"its {row['parameters']:,} parameters. {reached(row)}, with "
        f"{100 * train['accuracy']:.2f} % on the training images."
    )


def model2(row: dict[str, Any], train: dict[str, Any]) -> str:
    """Return the remark on model2."""
    return (
        f"Batch normalisation after each convolution and two small dense layers: "
        f"{row['parameters']:,} parameters. {reached(row)}. On the training images it "
        f"reaches {100 * train['accuracy']:.2f} %."
    )


def model3(row: dict[str, Any], train: dict[str, Any]) -> str:
    """Return the remark on model3."""
    return (
        f"Wider convolutions, a separable one to save parameters there, and four dense layers, "
        f"which make up {dense_share(train)} of {row['parameters']:,} parameters all the same. "
        f"{reached(row)}, with {100 * train['accuracy']:.2f} % on the training images."
    )


def dense_share(train: dict[str, Any]) -> str:
    """Return the share of a model's parameters that stand in its dense layers, in percent."""
    dense = [
        layer["parameters"]
        for layer in train["layers"]
        if layer["layer"].startswith("dense") or layer["layer"] == "digits"
    ]
    return f"{100 * sum(dense) / train['parameters']:.0f} %"


def reached(row: dict[str, Any]) -> str:
    """Return what a model reached, and in what time."""
    return (
        f"{100 * row['accuracy']:.2f} % on the test images after {row['epochs']} epochs and "
        f"{duration(row['train_seconds'])}"
    )


def benchmarks() -> str:
    """Return the benchmarks' table."""
    path = ROOT / "benchmarks" / "results.md"
    return path.read_text(encoding="utf-8") if path.exists() else "Not measured yet: `make bench`."


BLOCKS = {
    "comparison": comparison,
    "machine": machine,
    "remarks": remarks,
    "benchmarks": benchmarks,
}


def filled(text: str) -> str:
    """Return the README's *text* with every block that it has filled anew."""
    for name, block in BLOCKS.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if start in text:
            before, _, rest = text.partition(start)
            after = rest.partition(end)[2]
            text = f"{before}{start}{block().rstrip()}\n{end}{after}"
    return text


def main() -> None:
    """Fill the README, or check that it is filled."""
    text = README.read_text(encoding="utf-8")
    if "--check" not in sys.argv:
        write_text(README, filled(text))
    elif text != filled(text):
        sys.exit("error: README.md: its numbers are not those of the files; run `make readme`")


if __name__ == "__main__":
    main()
