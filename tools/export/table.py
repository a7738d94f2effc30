"""The table of the exports: the size and the accuracy of each format."""

from pathlib import Path

import pandas as pd

from stages.tables import read_table

FOLDER = Path("metrics/exports")
FORMATS = {
    "keras": "Keras",
    "onnx": "ONNX",
    "tflite": "LiteRT",
    "int8.tflite": "LiteRT, 8-bit weights",
}


def to_markdown(folder: Path) -> str:
    """Return all the models' tables in *folder* as one, in Markdown."""
    found = [read_table(path) for path in sorted(folder.glob("*.csv"))]
    if not found:
        return "Not measured yet; run `make export`."
    table = pd.concat(found)
    lines = [
        "| Model | Format | Size (KB) | Accuracy (%) | Disagreements | Largest difference |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in table.to_dict("records"):
        lines.append(
            f"| {row['model']} | {FORMATS[row['format']]} | {row['bytes'] / 1000:,.0f} "
            f"| {100 * row['accuracy']:.2f} | {row['disagreements']} "
            f"| {row['largest_difference']:.0e} |"
        )
    return "\n".join([*lines, "", f"Computed by {', '.join(table['runtime'].unique())}."])
