"""The table of the exports: the size and the accuracy of each format."""

from pathlib import Path

from jinja2 import StrictUndefined, Template

from stages.tables import read_table

FOLDER = Path("metrics/exports")
TEMPLATE = Path(__file__).with_suffix(".md.jinja")


def to_markdown(folder: Path) -> str:
    """Return all the models' tables in *folder* as one, in Markdown."""
    paths = sorted(folder.glob("*.csv"))
    rows = [row for path in paths for row in read_table(path).to_dict("records")]
    text = TEMPLATE.read_text(encoding="utf-8")
    return Template(text, undefined=StrictUndefined, trim_blocks=True).render(rows=rows)
