"""The table of the exports: what each format costs and gives."""

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
    """Return the table of all models that *folder* has one of, as Markdown."""
    lines = [
        "| Model | Format | Size (KB) | Accuracy (%) | Disagreements | Largest difference "
        "| 1 image (ms) | 256 at once (images/s) |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    found = [read_table(path) for path in sorted(folder.glob("*.csv"))]
    if not found:
        return "Not measured yet: `make export`."
    table = pd.concat(found, ignore_index=True)
    for row in table.to_dict("records"):
        times = [row[f"milliseconds_q{quarter}"] for quarter in (50, 25, 75)]
        rates = [row[f"images_per_second_q{quarter}"] for quarter in (50, 25, 75)]
        lines.append(
            f"| {row['model']} | {FORMATS[row['format']]} | {row['bytes'] / 1000:,.0f} "
            f"| {100 * row['accuracy']:.2f} | {row['disagreements']} "
            f"| {row['largest_difference']:.0e} "
            f"| {times[0]:.3f} ({times[1]:.3f} to {times[2]:.3f}) "
            f"| {rates[0]:,.0f} ({rates[1]:,.0f} to {rates[2]:,.0f}) |"
        )
    rounds, on = (" and ".join(sorted(set(table[key].map(str)))) for key in ("rounds", "machine"))
    runtimes = ", ".join(dict.fromkeys(table["runtime"]))
    return "\n".join(
        [
            *lines,
            "",
            f"Median and quartiles of {rounds} rounds, the formats in turn. {runtimes}; {on}.",
        ]
    )
