"""What changed since BASE, as Markdown: ``python -m tools.report BASE``.

BASE is a branch, tag or commit; it is compared with the files as they are, committed or not.
"""

import subprocess
import sys
from pathlib import Path

import pandas as pd

from stages.common.command import run
from stages.compare.comparison import to_markdown

COMPARISON = Path("metrics/comparison.csv")


def main(base: str) -> None:
    """Print the report."""
    print(f"## Pipeline: what changed since {base}\n")
    print(differences("params", base) or "No parameter changed.\n")
    print(differences("metrics", base) or "No metric changed.\n")
    print(to_markdown(pd.read_csv(COMPARISON, keep_default_na=False)), end="")


def differences(kind: str, base: str) -> str:
    """Return DVC's table of the ``params`` or ``metrics`` that differ; nothing if none does."""
    command = ["dvc", kind, "diff", "--md", "--", base]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)  # DVC has said why.
    header_alone = done.stdout.strip().count("\n") < 2  # noqa: PLR2004 - names and a rule
    return "" if header_alone else done.stdout


if __name__ == "__main__":
    run(main)
