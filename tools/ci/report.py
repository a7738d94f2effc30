"""What changed since BASE, as Markdown: ``python -m tools.ci.report BASE``.

BASE is a branch, tag or commit; it is compared with the current files, committed or not.
"""

import html
import subprocess
import sys
from pathlib import Path

import pandas as pd

from stages import params
from stages.common.command import run
from stages.compare.comparison import to_markdown
from stages.tables import read_table
from stages.verdict import images_tested, verdict

METRICS = Path("metrics")


def main(base: str) -> None:
    """Print the report."""
    table, pairs = (read_table(METRICS / f"{name}.csv") for name in ("comparison", "significance"))
    actual = read_table(METRICS / "predictions" / f"{table['model'].iloc[0]}.csv")["actual"]
    print(f"## Pipeline: what changed since {base}\n")
    print(differences("params", base) or "No parameter changed.\n")
    print(differences("metrics", base) or "No metric changed.\n")
    # Markdown could take part of a folder's name for HTML.
    data = html.escape(params.name_of(params.read_data()))
    print(verdict(table, pairs, images_tested(data, actual)))
    print(f"\n{bars(table)}\n{to_markdown(table)}", end="")


def bars(table: pd.DataFrame) -> str:
    """Return a chart, for GitHub to draw, of the models' errors in the comparison *table*."""
    wrong = 100 * (1 - table["accuracy"])
    names = ", ".join(f'"{name}"' for name in table["model"])
    return (
        "```mermaid\nxychart-beta horizontal\n"
        '  title "Errors per 100 test images"\n'
        f"  x-axis [{names}]\n"
        f"  y-axis 0 --> {1.1 * wrong.max() or 1:.2f}\n"
        f"  bar [{', '.join(f'{value:.2f}' for value in wrong)}]\n```\n"
    )


def differences(kind: str, base: str) -> str:
    """Return DVC's table of the ``params`` or ``metrics`` that differ; nothing if none does."""
    command = ["dvc", kind, "diff", "--md", "--", base]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)  # DVC has printed why.
    header_alone = done.stdout.strip().count("\n") < 2  # noqa: PLR2004 - column names and a rule
    return "" if header_alone else done.stdout


if __name__ == "__main__":
    run(main)
