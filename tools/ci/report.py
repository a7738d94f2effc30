"""What changed since BASE, as Markdown: ``python -m tools.ci.report BASE``.

BASE is a branch, tag or commit; it is compared with the current files, committed or not.
"""

import html
import subprocess
import sys
from pathlib import Path

from jinja2 import StrictUndefined, Template

from stages import dataset
from stages.common.command import run
from stages.compare.comparison import to_markdown
from stages.tables import read_table
from stages.verdict import verdict
from tools.store import check_readable

METRICS = Path("metrics")
TEMPLATE = Path(__file__).with_suffix(".md.jinja")


def main(base: str) -> None:
    """Print the report."""
    check_readable()
    table, pairs = (read_table(METRICS / f"{name}.csv") for name in ("comparison", "significance"))
    filled = Template(TEMPLATE.read_text(encoding="utf-8"), undefined=StrictUndefined).render(
        base=base,
        params=differences("params", base),
        metrics=differences("metrics", base),
        # Markdown could take part of a folder's name for HTML.
        verdict=html.escape(verdict(table, pairs, dataset.read()), quote=False),
        # Of 100 test images, for a chart that GitHub draws.
        wrong=dict(zip(table["model"], 100 * (1 - table["accuracy"]), strict=True)),
        comparison=to_markdown(table),
    )
    print(filled, end="")


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
